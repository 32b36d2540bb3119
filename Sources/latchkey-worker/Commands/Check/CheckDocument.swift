import Messages

// What `check --json` writes: `schema` counts changes that a reader would have to follow. No value is in it.

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

    /// The parts of the document are always there; what is unknown of one is left out.
    var json: JSONValue {
        [
            "schema": 1,
            "ok": .boolean(exitCode == 0),
            "exit_code": .integer(Int64(exitCode)),
            "steps": JSONValue.array(steps.map(\.json)).withoutNulls,
            "identity": identity.withoutNulls,
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
