"""The table of resource types that the local CloudFormation implements.

A row names the API operations behind a type and the properties it honours; whatever is not in a row fails the
deployment. AWS's resource reference is the source of properties, return values and update behaviour.
"""
