import KeyVault
import Secrets

/// The form of what goes into a file, as far as that is known: programs go by the file's name and take no other.
enum FileForm {
    case pem
    /// PKCS #12.
    case pfx
    /// As the vault hands out the secret of a certificate that is kept as PKCS #12.
    case pfxInBase64
    case jwk

    /// What a file's name promises; nil where it promises none of these.
    init?(promisedBy path: String) {
        switch path.lowercased().split(separator: ".").last {
        case "pem", "crt", "key": self = .pem
        case "pfx", "p12": self = .pfx
        default: return nil
        }
    }

    /// What is delivered; nil where neither the request nor the content type tells.
    init?(of value: FetchedObject, as request: ObjectRequest) {
        guard request.reference.pointer == nil else { return nil }
        switch (value.object.kind, value.contentType?.lowercased()) {
        case (.certificate, _): self = request.format == .pfx ? .pfx : .pem
        case (.key, _): self = request.format == .pem ? .pem : .jwk
        case (.secret, "application/x-pem-file"): self = .pem
        case (.secret, "application/x-pkcs12"):
            let encoding = request.encoding?.rawValue ?? value.tags["file-encoding"]?.lowercased()
            self = encoding == ValueEncoding.base64.rawValue ? .pfx : .pfxInBase64
        case (.secret, _): return nil
        }
    }

    var words: String {
        switch self {
        case .pem: "PEM"
        case .pfx: "PKCS #12 (PFX)"
        case .pfxInBase64: "PKCS #12 (PFX) in base64"
        case .jwk: "JSON (JWK)"
        }
    }
}
