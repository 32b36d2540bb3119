package import Secrets

/// An access token for one audience: shared by reference, never printed.
package struct AccessToken: Sendable {
    /// The bytes that go behind `Bearer `.
    package let secret: SharedSecret
    /// When it ends, in seconds since 1970.
    package let expiresOn: Int64
    /// The resource it was asked for: `https://vault.azure.net`.
    package let resource: String

    package init(secret: SharedSecret, expiresOn: Int64, resource: String) {
        self.secret = secret
        self.expiresOn = expiresOn
        self.resource = resource
    }
}

/// Who a token says it is for: read from its claims, for `check`.
package struct TokenOwner: Sendable, Equatable {
    package var clientID: String?
    package var objectID: String?
    package var tenantID: String?

    package init(clientID: String? = nil, objectID: String? = nil, tenantID: String? = nil) {
        self.clientID = clientID
        self.objectID = objectID
        self.tenantID = tenantID
    }
}
