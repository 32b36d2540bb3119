import Foundation
import SwiftASN1
import X509

/// The files that belong to identities: their certificates, and the tokens of their service accounts.
struct IdentityFiles: Sendable {
    let state: StateDirectory
    let cluster: ClusterIssuer

    /// Seconds that a service account's token lasts.
    static let tokenLifetime = 3_600.0

    func certificatePath(_ name: String) -> String { state.file("identity-\(name).pem") }
    func hasMadeCertificate(_ name: String) -> Bool { FileManager.default.fileExists(atPath: certificatePath(name)) }
    func tokenPath(_ name: String) -> String { state.file("federated-token-\(name)") }

    /// The seed's identities with the certificates that Entra is to know.
    func principals(of seed: Seed) throws(SetupError) -> [IdentitySeed] {
        var identities = seed.identities
        for index in identities.indices {
            let name = identities[index].principal.name
            for path in identities[index].certificateFiles {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw SetupError("identity '\(name)': certificate file '\(path)' cannot be read")
                }
                identities[index].principal.certificates += try Self.certificates(in: text, path)
            }
            if identities[index].makesCertificate {
                identities[index].principal.certificates.append(try madeCertificate(name))
            }
        }
        return identities
    }

    /// Of an earlier run, or new.
    private func madeCertificate(_ name: String) throws(SetupError) -> [UInt8] {
        if let text = state.read("identity-\(name).pem"),
            let der = try Self.certificates(in: text, certificatePath(name)).first
        {
            return der
        }
        let made = try ObjectMaker.clientCertificate(name)
        try state.write(made.pem, to: "identity-\(name).pem")
        return made.der
    }

    private static func certificates(in text: String, _ path: String) throws(SetupError) -> [[UInt8]] {
        let end = "-----END CERTIFICATE-----"
        var found: [[UInt8]] = []
        for part in text.components(separatedBy: "-----BEGIN CERTIFICATE-----").dropFirst() {
            guard let body = part.components(separatedBy: end).first else { continue }
            guard let der = Base64.bytes(body.filter { !$0.isWhitespace }), (try? Certificate(derEncoded: der)) != nil
            else { throw SetupError("'\(path)' holds a certificate that cannot be read") }
            found.append(der)
        }
        guard !found.isEmpty else { throw SetupError("'\(path)' holds no certificate") }
        return found
    }

    /// Writes a fresh token for each identity that trusts the emulated cluster.
    func writeTokens(_ principals: [Principal], issuer: String, now: Double) throws(SetupError) {
        for principal in principals {
            guard let federation = principal.federations.first(where: { $0.issuer.isEmpty || $0.issuer == issuer })
            else { continue }
            let token = try cluster.token(
                issuer: issuer, subject: federation.subject, audience: federation.audience, issuedAt: now,
                expires: now + Self.tokenLifetime)
            try state.write(token, to: "federated-token-\(principal.name)")
        }
    }
}
