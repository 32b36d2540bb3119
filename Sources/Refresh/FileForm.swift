import KeyVault
import Secrets

/// The format of a file's content, if known. Programs expect the format that the file's name promises.
enum FileForm {
    case pem
    /// PKCS #12.
    case pfx
    /// Base64 of PKCS #12: the vault returns the secret of such a certificate in this form.
    case pfxInBase64
    case jwk

    /// The format that a file's name promises; nil for any other name.
    init?(promisedBy path: String) {
        switch path.lowercased().split(separator: ".").last {
        case "pem", "crt", "key": self = .pem
        case "pfx", "p12": self = .pfx
        default: return nil
        }
    }

    /// The format that is delivered; nil if neither the request nor the content type says.
    init?(of value: FetchedObject, as request: ObjectRequest) {
        guard request.reference.pointer == nil else { return nil }
        switch (value.object.kind, value.contentType?.lowercased()) {
        case (.certificate, _): self = [.pfx, .truststore].contains(request.format) ? .pfx : .pem
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
