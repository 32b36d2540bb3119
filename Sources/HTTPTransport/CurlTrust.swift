import CCurl
import LinuxSystem

/// Where the certificate authorities are (SSL_CTX_load_verify_locations(3)): a directory with hash links costs
/// nothing to load, a bundle of 140 authorities 30 to 50 ms.
struct TrustStore: Equatable {
    /// PEM files, one after another.
    var bundle: String?
    /// A directory with hash links.
    var directory: String?
    /// The system's bundle, if its directory is used: tried once if the directory lacks an authority, because people
    /// add authorities to the bundle only.
    var fallbackBundle: String?

    /// No authorities: every handshake would fail.
    var isEmpty: Bool { bundle == nil && directory == nil }

    private static let directories = ["/etc/ssl/certs", "/etc/pki/tls/certs"]
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    /// `--ca-file`, which replaces all others; then `SSL_CERT_FILE` and `SSL_CERT_DIR`; then the system's; then, if the
    /// system has none, those of the container bundle.
    static func chosen(
        authoritiesFile: String?, bundled: String? = ProcessFiles.bundleDirectory, environment: (String) -> String?
    ) -> TrustStore {
        if let authoritiesFile { return TrustStore(bundle: authoritiesFile) }
        let file = environment("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 }
        let named = environment("SSL_CERT_DIR").flatMap { paths in
            paths.split(separator: ":").contains { hasHashLinks(String($0)) } ? paths : nil
        }
        if file != nil || named != nil { return TrustStore(bundle: file, directory: named) }
        let system = system(directories: directories, bundles: bundles)
        guard system.isEmpty, let directory = bundled.map({ $0 + "/certs" }), hasHashLinks(directory) else {
            return system
        }
        return TrustStore(directory: directory)
    }

    /// The first directory that has hash links, else the first bundle that can be read.
    static func system(directories: [String], bundles: [String]) -> TrustStore {
        let bundle = bundles.first { unsafe ccurl_is_readable($0) != 0 }
        guard let directory = directories.first(where: hasHashLinks) else { return TrustStore(bundle: bundle) }
        return TrustStore(directory: directory, fallbackBundle: bundle)
    }

    private static func hasHashLinks(_ path: String) -> Bool {
        unsafe ccurl_has_hash_links(path) != 0
    }
}
