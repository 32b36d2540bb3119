import Cryptography
import LinuxSystem
import Secrets

/// An application with a certificate, whose key signs an assertion (RFC 7523).
struct ClientCertificateSource: IdentitySource {
    let kind = IdentityKind.clientCertificate
    let application: EntraApplication
    let path: String
    /// The variable or credential that names the file.
    let role: String
    let password: Password
    let sendsChain: Bool

    enum Password {
        case none
        case variable(SharedSecret)
        case credential(path: String)
    }

    private static let variable = "AZURE_CLIENT_CERTIFICATE_PATH"
    static let credential = "azure-client-certificate"
    static let passwordCredential = "azure-client-certificate-password"

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let environment = setting.environment
        let named = try environment.path(variable)
        let passed = named == nil ? try environment.credential(credential) : nil
        guard let path = named ?? passed else {
            return .absent(because: "\(variable) is not set")
        }
        let role = named == nil ? "the credential \(credential)" : variable
        let source = ClientCertificateSource(
            application: try setting.entra(.clientCertificate, besides: role), path: path, role: role,
            password: try password(environment), sendsChain: try sendsChain(environment))
        return .found(source, because: named == nil ? "\(role) is there" : "\(role) is set")
    }

    private static func password(_ environment: IdentityEnvironment) throws(IdentityError) -> Password {
        if let secret = environment.secret("AZURE_CLIENT_CERTIFICATE_PASSWORD") { return .variable(secret) }
        return try environment.credential(passwordCredential).map { .credential(path: $0) } ?? .none
    }

    private static func sendsChain(_ environment: IdentityEnvironment) throws(IdentityError) -> Bool {
        let text = try environment.text("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")?.lowercased()
        return text == "1" || text == "true"
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        // The file is read once for all tries: it is the key of this run.
        let bundle = try bundle(client.environment)
        guard let key = bundle.privateKey, let leaf = bundle.certificates.first, leaf.belongs(to: key) else {
            throw .unusableFile(
                kind, role: role, path: path, problem: "it must hold a private key and the certificate of that key")
        }
        let signer = AssertionSigner(
            key: key, chain: bundle.certificates, sendsChain: sendsChain,
            algorithm: application.isFederationService ? .rs256 : .ps256)
        return try application.token(ask, through: client) { (url) throws(IdentityError) in
            do throws(CryptographyError) {
                return .assertion(
                    try signer.assertion(
                        audience: url.text, clientID: application.clientID, now: client.environment.wallClock()))
            } catch {
                throw .unusableFile(kind, role: role, path: path, problem: error.reason)
            }
        }
    }

    /// PEM where the file has a PEM block, else a PFX.
    private func bundle(_ environment: IdentityEnvironment) throws(IdentityError) -> CertificateBundle {
        let secret: SharedSecret?
        switch password {
        case .none: secret = nil
        case .variable(let value): secret = value
        case .credential(let path):
            secret = try environment.content(of: path, kind, role: Self.passwordCredential, limit: 4096)
        }
        let content: SharedSecret
        do throws(SystemError) {
            content = SharedSecret(try environment.files.read(path, limit: 1 << 20))
        } catch {
            throw .file(kind, role: role, error)
        }
        do throws(CryptographyError) {
            return try content.withBytes { (bytes) throws(CryptographyError) in
                holdsPEM(bytes)
                    ? try CertificateBundle(pem: bytes, password: secret)
                    : try CertificateBundle(pfx: bytes, password: secret)
            }
        } catch {
            throw .unusableFile(kind, role: role, path: path, problem: error.reason)
        }
    }

    private func holdsPEM(_ bytes: Span<UInt8>) -> Bool {
        let mark = Array("-----BEGIN".utf8)
        guard bytes.count >= mark.count else { return false }
        return (0...(bytes.count - mark.count)).contains { start in
            mark.indices.allSatisfy { bytes[start + $0] == mark[$0] }
        }
    }
}
