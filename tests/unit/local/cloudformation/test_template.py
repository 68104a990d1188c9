import pytest

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.template import parse


def test_short_forms_are_read_as_functions() -> None:
    template = parse(
        """
        AWSTemplateFormatVersion: 2010-09-09
        Resources:
          Queue:
            Type: AWS::SQS::Queue
            DependsOn: Topic
            Properties:
              QueueName: !Sub "${AWS::StackName}-q"
              KmsMasterKeyId: !GetAtt Key.Arn.Nested
              Tags: [{Key: a, Value: !Join ["-", [!Ref Topic, b]]}]
          Topic: {Type: "AWS::SNS::Topic", DeletionPolicy: Retain}
          Key: {Type: "AWS::KMS::Key"}
        """
    )
    assert template.resources["Queue"].properties == {
        "QueueName": {"Fn::Sub": "${AWS::StackName}-q"},
        "KmsMasterKeyId": {"Fn::GetAtt": ["Key", "Arn.Nested"]},
        "Tags": [{"Key": "a", "Value": {"Fn::Join": ["-", [{"Ref": "Topic"}, "b"]]}}],
    }
    assert template.resources["Queue"].depends_on == ("Topic",)
    assert template.resources["Topic"].deletion_policy == "Retain"


def test_policy_versions_stay_text() -> None:
    body = parse("Resources: {P: {Type: T, Properties: {Version: 2012-10-17}}}")
    assert body.resources["P"].properties == {"Version": "2012-10-17"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "YAML not well-formed"),
        ("[]", "unsupported structure"),
        ("Resources: {}", "At least one Resources member"),
        ("Resources: {A: {Properties: {}}}", r"\[/Resources/A\] .* must contain a Type"),
        ("Resources: {A: {Type: T, CreationPolicy: {}}}", r"/Resources/A.*CreationPolicy"),
        ("Resources: {A: {Type: T, DeletionPolicy: Sometimes}}", "DeletionPolicy Sometimes"),
        ("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: T}}", "Transform"),
        ("Rules: {Mine: {Assertions: []}}\nResources: {A: {Type: T}}", "Mine"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(text)


def test_the_rule_of_the_cdk_is_left_to_its_cli() -> None:
    assert parse("Rules: {CheckBootstrapVersion: {Assertions: []}}\nResources: {A: {Type: T}}").resources
