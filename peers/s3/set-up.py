"""Makes a bucket and two keys at the server of argument 1, turns the checks of keys on, and prints what a test needs as JSON."""

import json
import sys
import urllib.request

import boto3

url, bucket, region = sys.argv[1], "media", "us-east-1"
anybody = {"endpoint_url": url, "region_name": region, "aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
boto3.client("s3", **anybody).create_bucket(Bucket=bucket)
iam = boto3.client("iam", **anybody)


def key(user, *actions):
    """The access key of a new user who may do this in every bucket, also in those that are not there."""
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    iam.put_user_policy(UserName=user, PolicyName="bucket", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}


needed = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:AbortMultipartUpload")
told = {"url": url, "bucket": bucket, "region": region, "owner": key("owner", *needed), "reader": key("reader", "s3:GetObject")}
# From now on everybody has to show a key.
urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset-auth", data=b"0", method="POST", headers={"content-type": "text/plain"})).close()
print(json.dumps(told))
