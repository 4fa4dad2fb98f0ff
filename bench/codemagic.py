"""codemagic-cli-tools' app-store-connect, sent to the sandbox: it has no option for the address of the API."""

import os

from codemagic.apple.app_store_connect.api_client import AppStoreConnectApiClient
from codemagic.tools.app_store_connect import AppStoreConnect

AppStoreConnectApiClient.API_URL = os.environ["ASC_API_URL"] + "/v1"
AppStoreConnect.invoke_cli()
