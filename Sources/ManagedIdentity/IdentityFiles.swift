package import LinuxSystem
package import Secrets

/// The files that identities are made of, for tests to stand in for.
package protocol IdentityFiles {
    /// Whether a file is there: a sign of an installed agent, or a credential that the service manager passed.
    func exists(_ path: String) -> Bool
    /// Reads a whole file through links; more than `limit` bytes are `EFBIG`.
    func read(_ path: String, limit: Int) throws(SystemError) -> SecretBytes
    /// Reads a file of a directory without following links; owner and mode are checked as `SecureFile` says.
    func readKey(named name: String, in directory: String, limit: Int) throws(SystemError) -> SecretBytes
}

/// The machine's own files.
package struct SystemIdentityFiles: IdentityFiles {
    package init() {}

    package func exists(_ path: String) -> Bool {
        SecureFile.exists(path)
    }

    package func read(_ path: String, limit: Int) throws(SystemError) -> SecretBytes {
        try contents(of: try SecureFile.open(path), path: path, limit: limit)
    }

    package func readKey(named name: String, in directory: String, limit: Int) throws(SystemError) -> SecretBytes {
        try contents(of: try SecureFile.open(named: name, in: directory), path: "\(directory)/\(name)", limit: limit)
    }

    private func contents(
        of file: borrowing SecureFile, path: String, limit: Int
    ) throws(SystemError) -> SecretBytes {
        // One byte more than allowed tells a file that grew from one that fits.
        var count = 0
        let room = try SecretBytes(count: limit + 1) { (bytes) throws(SystemError) in
            count = try file.read(into: &bytes)
        }
        guard count <= limit else { throw SystemError(call: "read", code: SystemError.fileTooLarge, subject: path) }
        return room.withBytes { bytes in SecretBytes(copying: bytes.extracting(0..<count)) }
    }
}

/// What a command said: for the Azure CLI.
package struct CommandOutput: ~Copyable {
    /// The exit status; 127 where no such command was found, 128 + n for a signal.
    package let status: Int32
    package let output: SecretBytes
    package let errors: [UInt8]

    package init(status: Int32, output: consuming SecretBytes, errors: [UInt8]) {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// Runs a command without a shell and waits for it, at the most for the time given (`ETIMEDOUT`).
package typealias CommandRunner = (_ arguments: [String], _ limit: Duration) throws(SystemError) -> CommandOutput

extension SystemError {
    /// `ENOENT`, `EACCES`, `EPERM`, `ELOOP`, `EFBIG`, `ETIMEDOUT` of errno(3) on Linux.
    static let noSuchFile: CInt = 2
    static let accessDenied: CInt = 13
    static let notPermitted: CInt = 1
    static let tooManyLinks: CInt = 40
    static let isDirectory: CInt = 21
    static let invalidArgument: CInt = 22
    static let fileTooLarge: CInt = 27
    static let timedOut: CInt = 110
}
