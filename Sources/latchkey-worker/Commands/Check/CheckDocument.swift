import Messages

// What `check --json` writes: `schema` counts changes that a reader would have to follow. No value is in it.

extension CheckReport {
    struct Identity {
        /// One source that was looked at, and why it was taken or passed over.
        struct Considered {
            let source: String
            let taken: Bool
            let reason: String
        }

        let source: String
        let clientID: String?
        let objectID: String?
        let tenantID: String?
        /// When the token ends.
        let expires: Int64?
        let considered: [Considered]

        fileprivate var json: JSONValue {
            let considered = considered.map { seen -> JSONValue in
                ["source": .text(seen.source), "taken": .boolean(seen.taken), "reason": .text(seen.reason)]
            }
            let members: JSONValue = [
                "source": .text(source), "client_id": JSONValue(clientID), "object_id": JSONValue(objectID),
                "tenant_id": JSONValue(tenantID), "expires": JSONValue(seconds: expires),
                "considered": .array(considered),
            ]
            return members.withoutNulls
        }
    }

    struct Vault {
        struct Address {
            let address: String
            let isPrivate: Bool
        }

        let name: String
        let url: String
        let answers: Bool
        let addresses: [Address]
        let tls: String?
        let issuer: String?

        fileprivate var json: JSONValue {
            let addresses = addresses.map { address -> JSONValue in
                ["address": .text(address.address), "private": .boolean(address.isPrivate)]
            }
            let members: JSONValue = [
                "name": .text(name), "url": .text(url), "answers": .boolean(answers), "addresses": .array(addresses),
                "tls": JSONValue(tls), "issuer": JSONValue(issuer),
            ]
            return members.withoutNulls
        }
    }

    struct Secret {
        struct Target {
            let target: String
            let mode: String?
            let user: String?
            let place: String

            fileprivate var json: JSONValue {
                let members: JSONValue = [
                    "target": .text(target), "mode": JSONValue(mode), "user": JSONValue(user), "place": .text(place),
                ]
                return members.withoutNulls
            }
        }

        let name: String
        let vault: String
        let type: String
        let ok: Bool
        let version: String?
        let notBefore: Int64?
        let expires: Int64?
        let targets: [Target]
        let code: String?

        fileprivate var json: JSONValue {
            let members: JSONValue = [
                "name": .text(name), "vault": .text(vault), "type": .text(type), "ok": .boolean(ok),
                "version": JSONValue(version), "not_before": JSONValue(seconds: notBefore),
                "expires": JSONValue(seconds: expires), "targets": .array(targets.map(\.json)),
                "code": JSONValue(code),
            ]
            return members.withoutNulls
        }
    }

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

        fileprivate var json: JSONValue {
            let members: JSONValue = ["name": .text(name), "path": JSONValue(path)]
            return members.withoutNulls
        }
    }

    var json: JSONValue {
        [
            "schema": 1,
            "ok": .boolean(exitCode == 0),
            "exit_code": .integer(Int64(exitCode)),
            "steps": .array(steps.map(\.json)),
            "identity": identity?.json ?? .null,
            "vaults": .array(vaults.map(\.json)),
            "secrets": .array(secrets.map(\.json)),
            "directory": directory?.json ?? .null,
            "command": command?.json ?? .null,
        ]
    }
}

extension CheckReport.Step {
    fileprivate var json: JSONValue {
        let members: JSONValue = [
            "name": .text(name.rawValue), "mark": .text(mark.rawValue), "ok": .boolean(ok), "detail": .text(detail),
            "code": JSONValue(code), "hint": JSONValue(hint),
        ]
        return members.withoutNulls
    }
}
