"""Stacks are created, updated, rolled back and deleted in order."""

import pytest

from tests.unit.local.cloudformation.world import World, thing
from vmie_local.cloudformation.service import ValidationError


@pytest.fixture
def world() -> World:
    return World()


def statuses(world: World) -> list[str]:
    return [event["ResourceStatus"] for event in world.stack().events if event["LogicalResourceId"] == "s"]


def test_resources_are_made_after_and_deleted_before_what_they_need(world: World) -> None:
    world.deploy({"B": thing(Value={"Fn::GetAtt": ["A", "Value"]}), "A": thing(Value="1")})
    assert world.log == ["create A", "create B"]
    assert world.values() == {"A": "1", "B": "1"}
    world.delete()
    assert world.log == ["delete B", "delete A"]
    assert (world.things, world.service.stacks.find("us-east-1", "s")) == ({}, None)


def test_only_what_changed_is_updated_also_through_references(world: World) -> None:
    def resources(value: str) -> dict:
        return {
            "A": thing(Value=value),
            "B": thing(Value={"Fn::GetAtt": ["A", "Value"]}),
            "C": thing(Value={"Ref": "A"}),
        }

    world.deploy(resources("1"))
    before = set(world.things)
    stack = world.deploy(resources("2"))
    assert world.log == ["update A", "update B"]
    assert set(world.things) == before
    assert stack.status == "UPDATE_COMPLETE"


def test_a_replacement_is_made_before_the_old_one_goes_and_others_follow_it(world: World) -> None:
    world.deploy({"A": thing(Kind="x"), "B": thing(Value={"Ref": "A"})})
    world.deploy({"A": thing(Kind="y"), "B": thing(Value={"Ref": "A"})})
    assert world.log == ["create A", "update B", "delete A"]
    (a,) = [name for name, one in world.things.items() if one["logical_id"] == "A"]
    assert world.values()["B"] == a


def test_a_removed_resource_is_deleted_last(world: World) -> None:
    world.deploy({"A": thing(), "B": thing(Value="1")})
    world.deploy({"B": thing(Value="2")})
    assert world.log == ["update B", "delete A"]
    assert list(world.stack().resources) == ["B"]


def test_retained_resources_stay(world: World) -> None:
    world.deploy({"A": thing(DeletionPolicy="Retain"), "B": thing(DeletionPolicy="Retain"), "C": thing()})
    world.deploy({"A": thing(DeletionPolicy="Retain"), "C": thing()})
    stack = world.delete()
    assert world.log == ["delete C"]
    assert sorted(thing["logical_id"] for thing in world.things.values()) == ["A", "B"]
    assert stack.status == "DELETE_COMPLETE"
    assert "DELETE_SKIPPED" in [event["ResourceStatus"] for event in stack.events]


def test_a_replaced_resource_stays_with_update_replace_policy(world: World) -> None:
    world.deploy({"A": thing(Kind="x", UpdateReplacePolicy="Retain")})
    world.deploy({"A": thing(Kind="y", UpdateReplacePolicy="Retain")})
    assert len(world.things) == 2


def test_a_custom_name_cannot_be_replaced(world: World) -> None:
    world.deploy({"A": thing(Name="n", Kind="x")})
    stack = world.deploy({"A": thing(Name="n", Kind="y")})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing. Rename n" in stack.reason
    assert world.things["n"]["properties"]["Kind"] == "x"


@pytest.mark.parametrize("moment", ["early", "late"])
def test_a_failed_creation_removes_what_was_made(world: World, moment: str) -> None:
    stack = world.deploy({"A": thing(), "B": thing(Break=moment, DependsOn="A"), "C": thing(DependsOn="B")})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert stack.reason == f"The following resource(s) failed to create: [B]. broken {moment}"
    assert statuses(world) == ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert world.things == {}
    assert "create C" not in world.log


def test_a_failed_update_restores_replaces_and_removes(world: World) -> None:
    good = {"A": thing(Value="1"), "B": thing(Kind="x"), "C": thing(Value="1"), "Gone": thing()}
    world.deploy(good)
    before = {name: dict(one) for name, one in world.things.items()}
    stack = world.deploy(
        {
            "A": thing(Value="2"),
            "B": thing(Kind="y"),
            "New": thing(),
            "C": thing(Value="2", Break="early", DependsOn=["A", "B", "New"]),
        }
    )
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.reason.startswith("The following resource(s) failed to update: [C]. broken")
    assert world.things == before
    assert set(stack.resources) == {"A", "B", "C", "Gone"}
    assert (
        world.log[-5:] == ["update C", "update A", "delete New", "delete B"][-5:] or "delete New" in world.log
    )
    assert statuses(world)[-3:] == [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert world.deploy({**good, "A": thing(Value="3")}).status == "UPDATE_COMPLETE"


def test_a_refused_update_is_not_rolled_back_itself(world: World) -> None:
    world.deploy({"A": thing(Value="1"), "B": thing(Value="1")})
    stack = world.deploy({"A": thing(Value="2"), "B": thing(Value="2", Break="refuse", DependsOn="A")})
    assert (stack.status, world.values()) == ("UPDATE_ROLLBACK_COMPLETE", {"A": "1", "B": "1"})
    assert world.log == ["update A", "update B", "update A"]


def test_a_resource_that_will_not_go_keeps_what_it_needs_and_can_be_tried_again(world: World) -> None:
    world.deploy({"A": thing(), "B": thing(Value={"Ref": "A"}), "C": thing()})
    (b,) = [name for name, one in world.things.items() if one["logical_id"] == "B"]
    world.stubborn.add(b)
    stack = world.delete()
    assert (stack.status, set(stack.resources)) == ("DELETE_FAILED", {"A", "B"})
    assert stack.reason == "The following resource(s) failed to delete: [B]. "
    world.stubborn.clear()
    assert world.delete() is stack
    assert stack.status == "DELETE_COMPLETE"


def test_an_unchanged_template_makes_an_empty_change_set(world: World) -> None:
    world.deploy({"A": thing(Value="1")})
    change_set = world.change_set({"A": thing(Value="1")})
    assert (change_set.status, change_set.execution_status) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in change_set.reason


def test_a_change_of_outputs_tags_or_policies_alone_is_a_change(world: World) -> None:
    world.deploy({"A": thing(Value="1")})
    out = {"O": {"Value": {"Ref": "A"}}}
    assert world.change_set({"A": thing(Value="1")}, Outputs=out).status == "CREATE_COMPLETE"
    assert world.change_set({"A": thing(Value="1")}, tags={"a": "b"}).status == "CREATE_COMPLETE"
    retained = world.change_set({"A": thing(Value="1", DeletionPolicy="Retain")})
    assert (retained.status, retained.changes) == ("CREATE_COMPLETE", [])


def test_stack_tags_reach_resources_and_give_way_to_their_own(world: World) -> None:
    world.deploy({"A": thing(Tags=[{"Key": "k", "Value": "own"}])}, tags={"k": "stack", "l": "stack"})
    (one,) = world.things.values()
    assert one["properties"]["Tags"] == [{"Key": "k", "Value": "own"}, {"Key": "l", "Value": "stack"}]


def test_a_change_set_tells_what_will_be_replaced_and_what_follows(world: World) -> None:
    world.deploy({"A": thing(Kind="x"), "B": thing(Value={"Ref": "A"}), "C": thing()})
    change_set = world.change_set({"A": thing(Kind="y"), "B": thing(Value={"Ref": "A"}), "D": thing()})
    told = {
        one["ResourceChange"]["LogicalResourceId"]: (
            one["ResourceChange"]["Action"],
            one["ResourceChange"].get("Replacement"),
        )
        for one in change_set.changes
    }
    assert told == {
        "A": ("Modify", "True"),
        "B": ("Modify", "False"),
        "C": ("Remove", None),
        "D": ("Add", None),
    }
    assert world.values() == {"A": None, "B": "A-1", "C": None}, "a change set does nothing"


def test_unknown_types_and_properties_fail_the_change_set(world: World) -> None:
    unknown_type = world.change_set({"A": {"Type": "Ghost"}}, name="t")
    assert "Unrecognized resource types: [Ghost]" in unknown_type.reason
    unknown_property = world.change_set({"A": thing(Colour="blue")}, name="p")
    assert "Colour of Thing (A)" in unknown_property.reason
    assert (unknown_type.status, unknown_property.status) == ("FAILED", "FAILED")
    assert world.things == {}


def test_conditions_keep_resources_and_outputs_away(world: World) -> None:
    stack = world.deploy(
        {"A": thing(Condition="Never"), "B": thing()},
        Conditions={"Never": {"Fn::Equals": [1, 2]}},
        Outputs={"A": {"Condition": "Never", "Value": {"Ref": "A"}}, "B": {"Value": {"Ref": "B"}}},
    )
    assert (list(stack.resources), list(stack.outputs)) == (["B"], ["B"])


def test_exports_are_imported_and_protected_while_in_use(world: World) -> None:
    export = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": "a"}}}
    world.deploy({"A": thing(Name="the-a")}, Outputs=export)
    change_set = world.change_set({"B": thing(Value={"Fn::ImportValue": "a"})}, name="user")
    user = world.stack("user")
    world.service.execute_change_set(user, change_set, disable_rollback=False, token="")
    assert world.values()["B"] == "the-a"
    with pytest.raises(ValidationError, match="Cannot delete export a as it is in use by user"):
        world.delete()
    rolled_back = world.deploy({"A": thing(Name="the-a", Value="2")})
    assert rolled_back.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot delete export a as it is in use by user" in rolled_back.reason


def test_an_export_that_nobody_has_is_named(world: World) -> None:
    with pytest.raises(ValidationError, match="No export named nothing found"):
        world.change_set({"A": thing(Value={"Fn::ImportValue": "nothing"})})


def test_an_output_is_read_without_protecting_it(world: World) -> None:
    outputs = {"O": {"Value": {"Ref": "A"}}}
    world.deploy({"A": thing(Name="the-a")}, Outputs=outputs)
    weak = {"Fn::GetStackOutput": {"StackName": "s", "OutputName": "O"}}
    change_set = world.change_set({"B": thing(Value=weak)}, name="user")
    world.service.execute_change_set(world.stack("user"), change_set, disable_rollback=False, token="")
    assert world.values()["B"] == "the-a"
    assert world.delete().status == "DELETE_COMPLETE"
    with pytest.raises(ValidationError, match=r"Stack \[s\] in us-east-1 has no output O"):
        world.change_set({"B": thing(Value=weak)}, name="other")


def test_termination_protection_keeps_a_stack(world: World) -> None:
    world.deploy({"A": thing()}).termination_protection = True
    with pytest.raises(ValidationError, match="TerminationProtection is enabled"):
        world.delete()


def test_a_defect_of_a_handler_ends_in_a_rollback_and_not_in_a_hanging_stack(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy({"A": thing()})
    monkeypatch.setattr(world, "things", None)
    stack = world.deploy({"A": thing(), "B": thing()})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "failed to create: [B]. TypeError" in stack.reason


def test_events_have_rising_times(world: World) -> None:
    times = [event["Timestamp"] for event in world.deploy({"A": thing(), "B": thing()}).events]
    assert times == sorted(set(times))
