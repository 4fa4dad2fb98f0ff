"""Run app-store-connect of codemagic-cli-tools against the sandbox: it has no option for the address of the API."""

import os

from codemagic.apple.app_store_connect.api_client import AppStoreConnectApiClient
from codemagic.apple.resources import SigningCertificate
from codemagic.tools.app_store_connect import AppStoreConnect

create_attributes = SigningCertificate._create_attributes


def with_csr(response):
    # The peer requires this member of a certificate. Apple's document does not have it, so the sandbox has not either.
    response["attributes"].setdefault("csrContent", None)
    return create_attributes(response)


SigningCertificate._create_attributes = staticmethod(with_csr)
AppStoreConnectApiClient.API_URL = os.environ["ASC_API_URL"] + "/v1"
AppStoreConnect.invoke_cli()
