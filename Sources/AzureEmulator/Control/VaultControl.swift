import HTTPTypes

/// Vaults and secrets as the control interface sees them: no tokens, no permissions, no limits.
package struct VaultControl: Sendable {
    let azure: Azure

    package var routes: [Route] {
        [
            Route(.get, "_emulator/vaults") { _ in vaults() },
            Route(.put, "_emulator/vaults/:vault", setVault),
            Route(.delete, "_emulator/vaults/:vault", removeVault),
            Route(.get, "_emulator/vaults/:vault/secrets", secrets),
            Route(.put, "_emulator/vaults/:vault/secrets/:name", setSecret),
            Route(.patch, "_emulator/vaults/:vault/secrets/:name", changeSecret),
            Route(.delete, "_emulator/vaults/:vault/secrets/:name", removeSecret),
        ]
    }

    private func vaults() -> Answer {
        azure.locked { world in
            Answer(
                json: .array(
                    world.vaults.values.sorted { $0.name < $1.name }.map { vault in
                        [
                            "name": .string(vault.name), "access": .string(vault.access.rawValue),
                            "ceiling": .integer(vault.ceiling.limit), "secrets": .integer(vault.secrets.count),
                            "keys": .integer(vault.keys.count), "certificates": .integer(vault.certificates.count),
                        ]
                    }))
        }
    }

    private func change(
        _ call: Call, _ body: (inout Vault) throws(Refusal) -> Answer
    ) throws(Refusal) -> Answer {
        let name = (call.parameters["vault"] ?? "").lowercased()
        return try azure.locked { world throws(Refusal) in
            guard let answer = try world.change(name, body) else {
                throw .control("no vault '\(name)'", status: 404)
            }
            return answer
        }
    }

    /// Makes a vault, or changes its rules:
    /// `{"access": "policy", "ceiling": 100, "ceiling-window": "1s", "retry-after": 2, "empty-pages": 3}`.
    private func setVault(_ call: Call) throws(Refusal) -> Answer {
        let name = (call.parameters["vault"] ?? "").lowercased()
        guard Vault.isVaultName(name) else { throw .control("'\(name)' is no vault's name") }
        return try ControlRoutes.fields(call) { fields throws(SeedError) in
            let access = try fields.choice("access", [AccessModel.rbac, .policy])
            let ceiling = try fields.integer("ceiling", in: 0...1_000_000_000)
            let window = try fields.duration("ceiling-window")
            let retryAfter = try fields.integer("retry-after", in: 0...86_400)
            let emptyPages = try fields.integer("empty-pages", in: 0...1_000)
            azure.locked { world in
                var vault = world.vaults[name] ?? Vault(name: name)
                vault.access = access ?? vault.access
                vault.ceiling.limit = ceiling ?? vault.ceiling.limit
                vault.ceiling.window = window ?? vault.ceiling.window
                vault.ceiling.retryAfter = retryAfter ?? vault.ceiling.retryAfter
                vault.emptyPages = emptyPages ?? vault.emptyPages
                if ceiling != nil { vault.ceiling.reset() }
                world.vaults[name] = vault
            }
            return Answer(status: 204)
        }
    }

    private func removeVault(_ call: Call) throws(Refusal) -> Answer {
        let name = (call.parameters["vault"] ?? "").lowercased()
        guard azure.locked({ $0.vaults.removeValue(forKey: name) }) != nil else {
            throw .control("no vault '\(name)'", status: 404)
        }
        return Answer(status: 204)
    }

    /// Names, versions and dates; never values.
    private func secrets(_ call: Call) throws(Refusal) -> Answer {
        try change(call) { vault throws(Refusal) in
            Answer(
                json: .array(
                    vault.secrets.names.compactMap { vault.secrets.record($0) }.map { record in
                        [
                            "name": .string(record.name), "version": .string(record.current.id),
                            "versions": .array(record.versions.map { .string($0.id) }),
                            "enabled": .bool(record.current.attributes.enabled),
                            "updated": record.current.attributes.updated.map(JSON.integer) ?? .null,
                        ]
                    }))
        }
    }

    /// A new version, whatever was there before: `{"value": "…", "content-type": …, "tags": …, "enabled": …}`.
    private func setSecret(_ call: Call) throws(Refusal) -> Answer {
        let name = call.parameters["name"] ?? ""
        guard Vault.isObjectName(name) else { throw .control("'\(name)' is no secret's name") }
        let json = try ControlRoutes.body(call)
        let seed: SecretSeed
        do throws(SeedError) {
            seed = try SecretSeed(name, json, at: "body", now: call.now)
        } catch {
            throw .control(error.message)
        }
        return try change(call) { vault throws(Refusal) in
            vault.add(seed, now: Int(call.now))
            return Answer(json: [
                "name": .string(name), "version": .string(vault.secrets.record(name)?.current.id ?? ""),
            ])
        }
    }

    /// Attributes and tags of the current version.
    private func changeSecret(_ call: Call) throws(Refusal) -> Answer {
        let name = call.parameters["name"] ?? ""
        let change = try ControlRoutes.fields(call) { fields throws(SeedError) in
            (
                try fields.bool("enabled"), try fields.moment("nbf", now: call.now),
                try fields.moment("exp", now: call.now), try fields.table("tags"), try fields.string("content-type")
            )
        }
        return try self.change(call) { vault throws(Refusal) in
            let isFound =
                (try? vault.secrets.update(name, nil) { version in
                    version.attributes.enabled = change.0 ?? version.attributes.enabled
                    version.attributes.notBefore = change.1 ?? version.attributes.notBefore
                    version.attributes.expires = change.2 ?? version.attributes.expires
                    version.attributes.updated = Int(call.now)
                    version.tags = change.3 ?? version.tags
                    version.content.contentType = change.4 ?? version.content.contentType
                }) != nil
            guard isFound else { throw .control("no secret '\(name)'", status: 404) }
            return Answer(status: 204)
        }
    }

    /// Deletes the secret; with `?purge=true` for good.
    private func removeSecret(_ call: Call) throws(Refusal) -> Answer {
        let name = call.parameters["name"] ?? ""
        return try change(call) { vault throws(Refusal) in
            let days = vault.recoverableDays
            guard (try? vault.secrets.delete(name, now: Int(call.now), days: days)) != nil else {
                throw .control("no secret '\(name)'", status: 404)
            }
            if call.parameter("purge") == "true" { try? vault.secrets.purge(name) }
            return Answer(status: 204)
        }
    }
}
