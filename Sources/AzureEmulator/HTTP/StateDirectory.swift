import Foundation

/// The directory that the emulator writes into: its authority, and what tells clients where it is.
package struct StateDirectory: Sendable {
    package let path: String

    /// Makes the directory if it is not there, for its owner only.
    package init(path: String) throws(SetupError) {
        let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
        do {
            try FileManager.default.createDirectory(
                atPath: absolute, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SetupError("cannot make the state directory '\(path)': \(error.localizedDescription)")
        }
        self.path = absolute
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: file(name)).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Writes a file beside its place and renames it there, so that no one reads half of it.
    package func write(_ text: String, to name: String, mode: Int = 0o600) throws(SetupError) {
        try Self.write(Data(text.utf8), to: file(name), mode: mode)
    }

    static func write(_ data: Data, to path: String, mode: Int) throws(SetupError) {
        let temporary = "\(path).\(Hex.random(digits: 8))"
        let manager = FileManager.default
        guard
            manager.createFile(atPath: temporary, contents: data, attributes: [.posixPermissions: mode]),
            (try? manager.setAttributes([.posixPermissions: mode], ofItemAtPath: temporary)) != nil,
            unsafe rename(temporary, path) == 0
        else {
            try? manager.removeItem(atPath: temporary)
            throw SetupError("cannot write '\(path)'")
        }
    }

    package func remove(_ name: String) { try? FileManager.default.removeItem(atPath: file(name)) }

    /// The authority of an earlier run, or a new one.
    package func authority() throws(SetupError) -> CertificateAuthority {
        if let certificate = read("ca.pem"), let key = read("ca-key.pem") {
            let authority = try CertificateAuthority(certificatePEM: certificate, keyPEM: key)
            if authority.isFresh { return authority }
        }
        let authority = try CertificateAuthority()
        try write(authority.keyPEM, to: "ca-key.pem")
        try write(authority.pem, to: "ca.pem", mode: 0o644)
        return authority
    }
}
