"""What a run would have cost in AWS: prices, quantities and the bill."""

from vmie_local.cost.bill import Bill, BillLine, bill
from vmie_local.cost.prices import AS_OF, PRICES, REGION, Charge, Price
from vmie_local.cost.usage import Usage

__all__ = ["AS_OF", "PRICES", "REGION", "Bill", "BillLine", "Charge", "Price", "Usage", "bill"]
