import Messages

// The output of `check --json`. `schema` counts incompatible changes. It holds no secret's value.

extension CheckReport {
    struct Directory {
        let path: String
        let fileSystem: String
        let swap: String
        let mode: String
        let user: String

        fileprivate var json: JSONValue {
            [
                "path": .text(path), "file_system": .text(fileSystem), "swap": .text(swap), "mode": .text(mode),
                "user": .text(user),
            ]
        }
    }

    struct Command {
        let name: String
        let path: String?

        fileprivate var json: JSONValue { ["name": .text(name), "path": JSONValue(path)] }
    }

    /// The document always has all parts. Unknown members of a part are left out.
    var json: JSONValue {
        [
            "schema": 1,
            "ok": .boolean(exitCode == 0),
            "exit_code": .integer(Int64(exitCode)),
            "steps": JSONValue.array(steps.map(\.json)).withoutNulls,
            "identity": identity.withoutNulls,
            "vault_suffix": .text(vaultSuffix),
            "vaults": JSONValue.array(vaults).withoutNulls,
            "secrets": JSONValue.array(secrets).withoutNulls,
            "directory": directory?.json ?? .null,
            "command": command?.json.withoutNulls ?? .null,
        ]
    }
}

extension CheckReport.Step {
    fileprivate var json: JSONValue {
        [
            "name": .text(name.rawValue), "mark": .text(mark.rawValue), "ok": .boolean(ok), "detail": .text(detail),
            "code": JSONValue(code), "hint": JSONValue(hint),
        ]
    }
}
