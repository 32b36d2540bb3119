// ManagedIdentity
