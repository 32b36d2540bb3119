package import Secrets

/// An access token for one audience: shared by reference, never printed.
package struct AccessToken: Sendable {
    /// The bytes that go behind `Bearer `.
    package let secret: SharedSecret
    /// When it ends, in seconds since 1970.
    package let expiresOn: Int64
    /// The resource it was asked for: `https://vault.azure.net`.
    package let resource: String
    /// When the endpoint wants a newer one to be asked for (`refresh_in`), in seconds since 1970; nil if it does not say.
    package let renewsAt: Int64?

    package init(secret: SharedSecret, expiresOn: Int64, resource: String, renewsAt: Int64? = nil) {
        self.secret = secret
        self.expiresOn = expiresOn
        self.resource = resource
        self.renewsAt = renewsAt
    }
}

/// Who a token says it is for, and which resource may take it: read from its claims.
package struct TokenOwner: Sendable, Equatable {
    package var clientID: String?
    package var objectID: String?
    package var tenantID: String?
    /// `aud`: the resource that the token is for, by its URL or its application id.
    package var audience: String?

    package init(clientID: String? = nil, objectID: String? = nil, tenantID: String? = nil, audience: String? = nil) {
        self.clientID = clientID
        self.objectID = objectID
        self.tenantID = tenantID
        self.audience = audience
    }
}
