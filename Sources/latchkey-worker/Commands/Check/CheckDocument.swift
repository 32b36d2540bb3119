import FoundationEssentials

// What `check --json` writes: `schema` counts changes that a reader would have to follow. No value is in it.

extension CheckReport {
    struct Identity: Encodable {
        /// One source that was looked at, and why it was taken or passed over.
        struct Considered: Encodable {
            let source: String
            let taken: Bool
            let reason: String
        }

        let source: String
        let clientID: String?
        let objectID: String?
        let tenantID: String?
        /// When the token ends.
        let expires: String?
        let considered: [Considered]

        enum CodingKeys: String, CodingKey {
            case source, expires, considered
            case clientID = "client_id"
            case objectID = "object_id"
            case tenantID = "tenant_id"
        }
    }

    struct Vault: Encodable {
        struct Address: Encodable {
            let address: String
            let isPrivate: Bool

            enum CodingKeys: String, CodingKey {
                case address
                case isPrivate = "private"
            }
        }

        let name: String
        let url: String
        let answers: Bool
        let addresses: [Address]
        let tls: String?
        let issuer: String?
    }

    struct Secret: Encodable {
        struct Target: Encodable {
            let target: String
            let mode: String?
            let user: String?
            let place: String
        }

        let name: String
        let vault: String
        let type: String
        let ok: Bool
        let version: String?
        let notBefore: String?
        let expires: String?
        let targets: [Target]
        let code: String?

        enum CodingKeys: String, CodingKey {
            case name, vault, type, ok, version, expires, targets, code
            case notBefore = "not_before"
        }
    }

    struct Directory: Encodable {
        let path: String
        let fileSystem: String
        let swap: String
        let mode: String
        let user: String

        enum CodingKeys: String, CodingKey {
            case path, swap, mode, user
            case fileSystem = "file_system"
        }
    }

    struct Command: Encodable {
        let name: String
        let path: String?
    }

    private struct Document: Encodable {
        let schema = 1
        let report: CheckReport

        enum CodingKeys: String, CodingKey {
            case schema, ok, steps, identity, vaults, secrets, directory, command
            case exitCode = "exit_code"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(schema, forKey: .schema)
            try container.encode(report.exitCode == 0, forKey: .ok)
            try container.encode(report.exitCode, forKey: .exitCode)
            try container.encode(report.steps, forKey: .steps)
            try container.encode(report.identity, forKey: .identity)
            try container.encode(report.vaults, forKey: .vaults)
            try container.encode(report.secrets, forKey: .secrets)
            try container.encode(report.directory, forKey: .directory)
            try container.encode(report.command, forKey: .command)
        }
    }

    var json: String { JSONText.document(Document(report: self)) }
}
