import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// Checks how an application proves who it is: a secret, an assertion signed with its certificate, or a token of an
/// issuer that it trusts.
package struct ClientCredential: Sendable {
    let azure: Azure
    let cluster: ClusterIssuer
    let tenant: String

    static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// How far the clocks of client and Entra may be apart, in seconds.
    static let skew = 300.0

    func check(_ call: Call, of principal: Principal) throws(EntraFailure) {
        if let secret = call.field("client_secret"), !secret.isEmpty {
            guard principal.secrets.contains(secret) else { throw EntraFailure(.wrongSecret(principal.clientID)) }
            return
        }
        guard let assertion = call.field("client_assertion"), !assertion.isEmpty else {
            throw EntraFailure(.noCredential)
        }
        guard call.field("client_assertion_type") == Self.assertionType else {
            throw EntraFailure(.wrongAssertionType)
        }
        guard let token = SignedToken(assertion) else { throw EntraFailure(.malformedAssertion) }
        if token.header["x5t#S256"] != nil || token.header["x5t"] != nil {
            try check(certificateAssertion: token, of: principal, now: call.now)
        } else {
            try check(federatedAssertion: token, of: principal, now: call.now)
        }
    }

    private func check(
        certificateAssertion token: SignedToken, of principal: Principal, now: Double
    ) throws(EntraFailure) {
        guard token.algorithm == "PS256" || token.algorithm == "RS256" else { throw EntraFailure(.wrongAlgorithm) }
        guard let certificate = Self.certificate(of: token, among: principal.certificates) else {
            let thumbprint = token.header["x5t#S256"]?.string ?? token.header["x5t"]?.string ?? ""
            throw EntraFailure(.unknownCertificate(thumbprint, principal.clientID))
        }
        guard token.isSigned(by: certificate) else { throw EntraFailure(.wrongSignature) }
        guard !Set(token.audiences).isDisjoint(with: realms) else { throw EntraFailure(.wrongAudience) }
        guard token.claims["iss"]?.string == principal.clientID, token.claims["sub"]?.string == principal.clientID
        else { throw EntraFailure(.wrongSubject) }
        try checkTime(of: token, now: now)
        guard certificate.notValidAfter.timeIntervalSince1970 > now else {
            throw EntraFailure(.unknownCertificate("expired", principal.clientID))
        }
    }

    /// The certificate whose thumbprint the header has: SHA-256, or SHA-1 for old clients.
    private static func certificate(of token: SignedToken, among certificates: [[UInt8]]) -> Certificate? {
        let sha256 = token.header["x5t#S256"]?.string.flatMap { Base64.bytes($0) }
        let sha1 = token.header["x5t"]?.string.flatMap { Base64.bytes($0) }
        let found = certificates.first { der in
            sha256.map { Array(SHA256.hash(data: Data(der))) == $0 } ?? false
                || sha1.map { Array(Insecure.SHA1.hash(data: Data(der))) == $0 } ?? false
        }
        return found.flatMap { try? Certificate(derEncoded: $0) }
    }

    private func check(
        federatedAssertion token: SignedToken, of principal: Principal, now: Double
    ) throws(EntraFailure) {
        let issuer = token.claims["iss"]?.string ?? ""
        let subject = token.claims["sub"]?.string ?? ""
        let trusted = principal.federations.filter {
            $0.issuer == issuer || ($0.issuer.isEmpty && issuer == clusterURL)
        }
        guard !trusted.isEmpty else { throw EntraFailure(.noFederation(700_211, "issuer", issuer)) }
        guard issuer == clusterURL, cluster.isSigned(token) else { throw EntraFailure(.wrongSignature) }
        // Compared to the letter, as Entra does.
        let matching = trusted.filter { $0.subject == subject }
        guard !matching.isEmpty else { throw EntraFailure(.noFederation(700_213, "subject", subject)) }
        guard matching.contains(where: { token.audiences.contains($0.audience) }) else {
            throw EntraFailure(.noFederation(700_212, "audience", token.audiences.first ?? ""))
        }
        try checkTime(of: token, now: now)
    }

    private func checkTime(of token: SignedToken, now: Double) throws(EntraFailure) {
        let from = token.claims["nbf"]?.double ?? 0
        guard let expiry = token.claims["exp"]?.double else { throw EntraFailure(.malformedAssertion) }
        guard now >= from - Self.skew, now <= expiry + Self.skew else {
            throw EntraFailure(.outsideOfValidity(now: now, from: from, until: expiry))
        }
    }

    var clusterURL: String { "\(azure.authority)/cluster" }

    /// What an assertion's audience may be.
    private var realms: Set<String> {
        let base = "\(azure.authority)/\(tenant)"
        return ["\(base)/oauth2/v2.0/token", "\(base)/oauth2/token", "\(base)/v2.0", base, "\(base)/"]
    }
}

/// An error of Entra as Swift throws it.
struct EntraFailure: Error {
    var reason: EntraError

    init(_ reason: EntraError) { self.reason = reason }
}
