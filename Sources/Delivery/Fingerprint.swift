import Cryptography
package import Secrets
package import SecretsDirectory

/// What was delivered, in keyed digests: enough to see that something changed, useless to learn what it was.
///
/// Without the key, which is random for every run, a digest of a short password could be guessed (RFC 2104).
package struct Fingerprint: Equatable, Sendable {
    /// One file's.
    package struct File: Equatable, Sendable {
        /// HMAC-SHA-256 of the bytes: 32 bytes.
        package var digest: [UInt8]
        package var mode: UInt32
        package var user: UInt32
        package var group: UInt32

        package init(digest: [UInt8], mode: UInt32, user: UInt32, group: UInt32) {
            self.digest = digest
            self.mode = mode
            self.user = user
            self.group = group
        }
    }

    /// By path.
    package var files: [String: File]
    /// By the variable's name: HMAC-SHA-256 of the value, 32 bytes.
    package var variables: [String: [UInt8]]

    /// From what was kept.
    package init(files: [String: File], variables: [String: [UInt8]]) {
        self.files = files
        self.variables = variables
    }

    /// The number of bytes of a key.
    package static let keyLength = 32

    /// A key for one run.
    package static func newKey() -> [UInt8] { randomBytes(keyLength) }

    /// Takes the digests of a generation.
    package init(
        of generation: Generation, from secrets: borrowing SecretSet, for owner: DeliveryOwner, key: Span<UInt8>
    ) {
        files = [:]
        variables = [:]
        for file in generation.files {
            let digest = secrets.withBytes(of: file.content) { hmacSHA256($0, key: key) }
            files[file.path] = File(
                digest: digest, mode: file.mode ?? owner.fileMode, user: owner.user, group: owner.group)
        }
        for assignment in generation.environment {
            switch assignment.value {
            case .secret(let slot):
                variables[assignment.name] = secrets.withBytes(of: slot) { hmacSHA256($0, key: key) }
            case .text(let text):
                let bytes = Array(text.utf8)
                variables[assignment.name] = hmacSHA256(bytes.span, key: key)
            }
        }
    }

    /// The difference to what was delivered before.
    package func changes(since before: Fingerprint) -> Changes {
        Changes(files: Self.names(before.files, files), variables: Self.names(before.variables, variables))
    }

    private static func names<Value: Equatable>(_ before: [String: Value], _ after: [String: Value]) -> [String] {
        Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    /// What is new, different or gone: names only.
    package struct Changes: Equatable, Sendable {
        /// Paths.
        package var files: [String]
        package var variables: [String]

        /// Whether there is nothing to do.
        package var isEmpty: Bool { files.isEmpty && variables.isEmpty }

        package init(files: [String] = [], variables: [String] = []) {
            self.files = files
            self.variables = variables
        }
    }
}
