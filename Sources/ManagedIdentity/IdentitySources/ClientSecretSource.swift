import LinuxSystem
import Secrets

/// An application with a client secret, from the environment or from a credential of systemd's.
struct ClientSecretSource: IdentitySource {
    let kind = IdentityKind.clientSecret
    let application: EntraApplication
    let origin: Origin

    enum Origin {
        case variable(SharedSecret)
        case credential(path: String)
    }

    private static let variable = "AZURE_CLIENT_SECRET"
    static let credential = "azure-client-secret"

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        if let secret = setting.environment.secret(variable) {
            let application = try setting.entra(.clientSecret, besides: variable)
            return .found(
                ClientSecretSource(application: application, origin: .variable(secret)), because: "\(variable) is set")
        }
        if let path = try setting.environment.credential(credential) {
            let application = try setting.entra(.clientSecret, besides: "the credential \(credential)")
            return .found(
                ClientSecretSource(application: application, origin: .credential(path: path)),
                because: "the credential \(credential) is there")
        }
        return .absent(because: "\(variable) is not set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        try application.token(ask, through: client) { (_) throws(IdentityError) in
            switch origin {
            case .variable(let secret):
                return .secret(secret)
            case .credential(let path):
                return .secret(try client.environment.content(of: path, kind, role: Self.credential, limit: 1 << 16))
            }
        }
    }
}

extension IdentityEnvironment {
    /// A file's content without a line end at its end; an empty file is refused.
    func content(
        of path: String, _ kind: IdentityKind, role: String, limit: Int
    ) throws(IdentityError) -> SharedSecret {
        let content: SharedSecret
        do throws(SystemError) {
            content = try files.read(path, limit: limit).withoutFinalNewline()
        } catch {
            throw .file(kind, role: role, error)
        }
        guard content.count > 0 else { throw .unusableFile(kind, role: role, path: path, problem: "it is empty") }
        return content
    }
}
