import HTTPTypes

/// Key Vault's operations on secrets.
package struct SecretRoutes: Sendable {
    let azure: Azure
    let access: VaultAccess

    package init(azure: Azure) {
        self.azure = azure
        access = VaultAccess(azure: azure)
    }

    package var routes: [Route] {
        [
            Route(.get, "secrets", list),
            Route(.get, "secrets/:name/versions", versions),
            Route(.get, "secrets/:name", get),
            Route(.get, "secrets/:name/:version", get),
            Route(.put, "secrets/:name", set),
            Route(.patch, "secrets/:name", update),
            Route(.patch, "secrets/:name/:version", update),
            Route(.delete, "secrets/:name", delete),
            Route(.get, "deletedsecrets", listDeleted),
            Route(.get, "deletedsecrets/:name", getDeleted),
            Route(.post, "deletedsecrets/:name/recover", recover),
            Route(.delete, "deletedsecrets/:name", purge),
        ]
    }

    private func bundles(_ vault: Vault, _ call: Call) -> Bundles { Bundles(azure, vault, call) }

    private func get(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("get", on: .secrets, call) { vault throws(Refusal) in
            let (name, version) = try Self.find(call, in: vault.secrets)
            guard version.attributes.enabled else { throw ObjectKind.secrets.disabled("get") }
            var bundle = bundles(vault, call).secret(name, version)
            if let wanted = call.parameter("outContentType"), wanted == "application/x-pem-file",
                version.content.contentType != "application/x-pkcs12"
            {
                throw .badParameter(
                    "The 'Unsupported' to 'PEM' transformation is not supported. Only PFX to PEM transformation is "
                        + "supported.")
            }
            if let older = Self.previousVersion(name, version, in: vault), case .object(var members) = bundle {
                members.append(JSON.Member("previousVersion", .string(older)))
                bundle = .object(members)
            }
            return Answer(json: bundle)
        }
    }

    /// Only what a certificate brought along says which version was before it.
    private static func previousVersion(_ name: String, _ version: Version<SecretContent>, in vault: Vault) -> String? {
        guard version.content.keyPath != nil, let versions = vault.secrets.record(name)?.versions,
            let index = versions.firstIndex(where: { $0.id == version.id }), index > 0
        else { return nil }
        return versions[index - 1].id
    }

    static func find<Content>(
        _ call: Call, in shelf: Shelf<Content>, _ kind: ObjectKind = .secrets
    ) throws(Refusal) -> (String, Version<Content>) {
        let name = call.parameters["name"] ?? ""
        let id = call.parameters["version"]
        do {
            return try shelf.version(name, id)
        } catch {
            throw kind.notFound(id.map { "\(name)/\(kind == .certificates ? "versions/" : "")\($0)" } ?? name)
        }
    }

    private func list(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .secrets, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let (records, next) = vault.secrets.page(from: paging.marker, count: paging.count)
            let bundles = bundles(vault, call)
            let items = records.map { bundles.secretItem($0.name, $0.current, withVersion: false) }
            return paging.page(
                items, next: next, place: "secret", path: "/secrets",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }

    private func versions(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .secrets, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let asked = call.parameters["name"] ?? ""
            let (name, versions, next) = vault.secrets.versionsPage(asked, from: paging.marker, count: paging.count)
            let bundles = bundles(vault, call)
            let items = versions.map { bundles.secretItem(name, $0, withVersion: true) }
            return paging.page(
                items, next: next, place: "secret/\(name.uppercased())", path: "/secrets/\(name)/versions",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }

    private func set(_ call: Call) throws(Refusal) -> Answer {
        let now = Int(call.now)
        return try access.perform("set", on: .secrets, call) { vault throws(Refusal) in
            let change = try SecretChange(call.body)
            guard let value = change.value else { throw .badParameter("The parameter value is not specified.") }
            let asked = call.parameters["name"] ?? ""
            let attributes = Attributes(
                enabled: change.enabled ?? true, notBefore: change.notBefore, expires: change.expires, created: now)
            let version = Version(
                id: Hex.random(digits: 32), content: SecretContent(value: value, contentType: change.contentType),
                attributes: attributes, tags: change.tags)
            let name: String
            do throws(ShelfError) {
                name = try vault.secrets.add(version, to: asked)
            } catch {
                throw error == .managed
                    ? ObjectKind.secrets.managed("set") : ObjectKind.secrets.deletedButRecoverable(asked)
            }
            return Answer(json: bundles(vault, call).secret(name, version))
        }
    }

    private func update(_ call: Call) throws(Refusal) -> Answer {
        let now = Int(call.now)
        return try access.perform("set", on: .secrets, call) { vault throws(Refusal) in
            let change = try SecretChange(call.body)
            let asked = call.parameters["name"] ?? ""
            do {
                let (name, version) = try vault.secrets.update(asked, call.parameters["version"]) { version in
                    version.attributes.enabled = change.enabled ?? version.attributes.enabled
                    version.attributes.notBefore = change.notBefore ?? version.attributes.notBefore
                    version.attributes.expires = change.expires ?? version.attributes.expires
                    version.attributes.updated = now
                    version.content.contentType = change.contentType ?? version.content.contentType
                    version.tags = change.tags ?? version.tags
                }
                return Answer(json: bundles(vault, call).secret(name, version, withValue: false))
            } catch {
                throw ObjectKind.secrets.notFound(call.parameters["version"].map { "\(asked)/\($0)" } ?? asked)
            }
        }
    }

    private func delete(_ call: Call) throws(Refusal) -> Answer {
        let now = Int(call.now)
        return try access.perform("delete", on: .secrets, call) { vault throws(Refusal) in
            let asked = call.parameters["name"] ?? ""
            if vault.secrets.record(asked)?.current.content.keyPath != nil {
                throw ObjectKind.secrets.managed("delete")
            }
            do {
                let deleted = try vault.secrets.delete(asked, now: now, days: vault.recoverableDays)
                return Answer(json: bundles(vault, call).deletedSecret(deleted, withVersion: true))
            } catch {
                throw ObjectKind.secrets.notFound(asked)
            }
        }
    }

    private func listDeleted(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .secrets, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let (records, next) = vault.secrets.deletedPage(from: paging.marker, count: paging.count)
            let bundles = bundles(vault, call)
            let items = records.map { bundles.deletedSecret($0, withVersion: false) }
            return paging.page(
                items, next: next, place: "deletedsecret", path: "/deletedsecrets",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }

    private func getDeleted(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("get", on: .secrets, call) { vault throws(Refusal) in
            let asked = call.parameters["name"] ?? ""
            guard let deleted = try? vault.secrets.deletedRecord(asked) else {
                throw ObjectKind.secrets.deletedNotFound(asked)
            }
            return Answer(json: bundles(vault, call).deletedSecret(deleted, withVersion: true))
        }
    }

    private func recover(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("recover", on: .secrets, call) { vault throws(Refusal) in
            let asked = call.parameters["name"] ?? ""
            do throws(ShelfError) {
                let record = try vault.secrets.recover(asked)
                return Answer(json: bundles(vault, call).secret(record.name, record.current, withValue: false))
            } catch {
                throw error == .alreadyExists
                    ? ObjectKind.secrets.exists(asked) : ObjectKind.secrets.deletedNotFound(asked)
            }
        }
    }

    private func purge(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("purge", on: .secrets, call) { vault throws(Refusal) in
            let asked = call.parameters["name"] ?? ""
            do {
                try vault.secrets.purge(asked)
                return Answer(status: 204)
            } catch {
                throw ObjectKind.secrets.deletedNotFound(asked)
            }
        }
    }
}
