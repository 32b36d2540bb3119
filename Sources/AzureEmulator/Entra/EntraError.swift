/// Entra's errors: a code, and a sentence that clients show.
package struct EntraError: Sendable {
    package var status: Int
    package var error: String
    package var code: Int
    package var message: String

    package init(_ status: Int, _ error: String, _ code: Int, _ message: String) {
        self.status = status
        self.error = error
        self.code = code
        self.message = message
    }

    /// The answer, with a trace that is made up and the time.
    package func answer(now: Double, authority: String, correlation: String? = nil) -> Answer {
        let trace = Identifier.random()
        let correlation = correlation ?? Identifier.random()
        let time = Moment.entra(now)
        let description =
            "AADSTS\(code): \(message)\r\nTrace ID: \(trace)\r\nCorrelation ID: \(correlation)\r\nTimestamp: \(time)"
        let json: JSON = [
            "error": .string(error), "error_description": .string(description), "error_codes": [.integer(code)],
            "timestamp": .string(time), "trace_id": .string(trace), "correlation_id": .string(correlation),
            "error_uri": .string("\(authority)/error?code=\(code)"),
        ]
        return Answer(
            status: status, json: json,
            headers: [("x-ms-request-id", trace), ("x-ms-clitelem", "1,\(code),0,,")] + EntraHeaders.common)
    }
}

enum EntraHeaders {
    static let common: [(name: String, value: String)] = [
        ("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"), ("X-Content-Type-Options", "nosniff"),
        ("x-ms-ests-server", "2.1.11562.8 - WUS2 ProdSlices"),
    ]
}

extension EntraError {
    static func tenantNotFound(_ tenant: String) -> EntraError {
        EntraError(
            400, "invalid_tenant", 90_002,
            "Tenant '\(tenant)' not found. Check to make sure you have the correct tenant ID and are signing into the "
                + "correct cloud. Check with your subscription administrator, this may happen if there are no active "
                + "subscriptions for the tenant.")
    }

    static func missing(_ name: String) -> EntraError {
        EntraError(
            400, "invalid_request", 900_144, "The request body must contain the following parameter: '\(name)'.")
    }

    static let unsupportedGrant = EntraError(
        400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")

    static func invalidScope(_ scope: String) -> EntraError {
        EntraError(
            400, "invalid_scope", 1_002_012,
            "The provided value for scope \(scope) is not valid. Client credential flows must have a scope value with "
                + "/.default suffixed to the resource identifier (application ID URI).")
    }

    static func resourceNotFound(_ resource: String, tenant: String) -> EntraError {
        EntraError(
            400, "invalid_resource", 500_011,
            "The resource principal named \(resource) was not found in the tenant named \(tenant). This can happen if "
                + "the application has not been installed by the administrator of the tenant or consented to by any "
                + "user in the tenant.")
    }

    static func applicationNotFound(_ client: String, tenant: String) -> EntraError {
        EntraError(
            400, "unauthorized_client", 700_016,
            "Application with identifier '\(client)' was not found in the directory '\(tenant)'. This can happen if the "
                + "application has not been installed by the administrator of the tenant or consented to by any user in "
                + "the tenant. You may have sent your authentication request to the wrong tenant.")
    }

    static let noCredential = EntraError(
        401, "invalid_client", 7_000_218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")

    static func wrongSecret(_ client: String) -> EntraError {
        EntraError(
            401, "invalid_client", 7_000_215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
                + "the client secret ID, for a secret added to app '\(client)'.")
    }

    static func expiredSecret(_ client: String) -> EntraError {
        EntraError(
            401, "invalid_client", 7_000_222, "The provided client secret keys for app '\(client)' are expired.")
    }

    static let malformedAssertion = EntraError(
        401, "invalid_client", 50_027, "JWT token is invalid or malformed.")

    static let wrongAssertionType = EntraError(
        400, "invalid_request", 90_023,
        "The client_assertion_type must be 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.")

    static func unknownCertificate(_ thumbprint: String, _ client: String) -> EntraError {
        EntraError(
            401, "invalid_client", 700_027,
            "The certificate with identifier used to sign the client assertion is not registered on application. "
                + "[Reason - The key was not found., Thumbprint of key used by client: '\(thumbprint)', Please visit the "
                + "app registration of '\(client)'.]")
    }

    static let wrongSignature = EntraError(
        401, "invalid_client", 700_027,
        "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the "
            + "signature failed.]")

    static let wrongAlgorithm = EntraError(
        401, "invalid_client", 700_027, "Client assertion contains an algorithm that is not supported.")

    static func outsideOfValidity(now: Double, from: Double, until: Double) -> EntraError {
        EntraError(
            401, "invalid_client", 700_024,
            "Client assertion is not within its valid time range. Current time: \(Moment.rfc3339(now)), assertion valid "
                + "from \(Moment.rfc3339(from)), expiry time of assertion \(Moment.rfc3339(until)).")
    }

    static let wrongAudience = EntraError(
        401, "invalid_client", 700_023, "Client assertion audience claim does not match Realm issuer.")

    static let wrongSubject = EntraError(
        401, "invalid_client", 700_021, "Client assertion application identifier doesn't match 'client_id' parameter.")

    static func noFederation(_ code: Int, _ what: String, _ value: String) -> EntraError {
        EntraError(
            401, "invalid_client", code,
            "No matching federated identity record found for presented assertion \(what) '\(value)'. Check your "
                + "federated identity credential Subject, Audience and Issuer against the presented assertion.")
    }

    static let conditionalAccess = EntraError(
        400, "access_denied", 53_003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")

    static let unavailable = EntraError(
        503, "temporarily_unavailable", 90_033, "A transient error has occurred. Please try again.")

    static let throttled = EntraError(
        429, "temporarily_unavailable", 90_055, "The server is terminating the request due to excessive request rate.")
}
