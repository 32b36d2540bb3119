import LinuxSystem
import Secrets

/// The surroundings of an identity: variables as raw bytes, files, the wall clock, commands.
package struct IdentityEnvironment {
    private let lookup: (String) -> [UInt8]?
    let files: any IdentityFiles
    let wallClock: () -> Int64
    let runCommand: CommandRunner?

    /// `lookup` gives a variable's bytes, nil where it is not set.
    package init(
        files: any IdentityFiles = SystemIdentityFiles(), wallClock: @escaping () -> Int64 = wallClockSeconds,
        runCommand: CommandRunner? = nil, lookup: @escaping (String) -> [UInt8]?
    ) {
        self.lookup = lookup
        self.files = files
        self.wallClock = wallClock
        self.runCommand = runCommand
    }

    /// A variable's bytes; an empty variable counts as one that is not set.
    func bytes(_ name: String) -> [UInt8]? {
        guard let value = lookup(name), !value.isEmpty else { return nil }
        return value
    }

    func isSet(_ name: String) -> Bool { bytes(name) != nil }

    /// A variable's text: printable ASCII, as URLs, ids and paths of Azure are; anything else is refused by name.
    func text(_ name: String) throws(IdentityError) -> String? {
        guard let value = bytes(name) else { return nil }
        guard value.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw .invalidValue(variable: name, problem: "it holds a control character or one outside of ASCII")
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// A variable that names a file: any bytes of UTF-8.
    func path(_ name: String) throws(IdentityError) -> String? {
        guard let value = bytes(name) else { return nil }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw .invalidValue(variable: name, problem: "it is not UTF-8")
        }
        return text
    }

    /// A variable that becomes a header's value: what RFC 9110 (5.5) allows in one, without blanks around it.
    func header(_ name: String) throws(IdentityError) -> SharedSecret? {
        guard let value = bytes(name) else { return nil }
        guard value.allSatisfy({ (0x20..<0x7F).contains($0) }), value.first != 0x20, value.last != 0x20 else {
            throw .invalidValue(variable: name, problem: "it can't be a header's value")
        }
        return SharedSecret(SecretBytes(copying: value.span))
    }

    /// A variable whose bytes are a secret of any form.
    func secret(_ name: String) -> SharedSecret? {
        bytes(name).map { SharedSecret(SecretBytes(copying: $0.span)) }
    }

    /// Latchkey's own credentials among those that systemd passed to the unit: who has them is Latchkey to Entra.
    package var ownCredentials: [String] {
        let names = [
            ClientSecretSource.credential, ClientCertificateSource.credential,
            ClientCertificateSource.passwordCredential,
        ]
        return names.filter { (try? credential($0)) != nil }
    }

    /// The path of a credential that systemd passed to the unit (systemd.exec(5), CREDENTIALS), where it is there.
    func credential(_ name: String) throws(IdentityError) -> String? {
        guard let directory = try path("CREDENTIALS_DIRECTORY"), directory.hasPrefix("/") else { return nil }
        let path = "\(directory)/\(name)"
        return files.exists(path) ? path : nil
    }
}
