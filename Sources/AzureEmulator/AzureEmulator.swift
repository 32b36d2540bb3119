// AzureEmulator
