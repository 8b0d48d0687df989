"""Amazon Web Services through boto3."""

from app.providers.aws.adapter import AwsProvider

__all__ = ["AwsProvider"]
