import HTTPTypes

/// Key Vault's operations that read keys.
package struct KeyRoutes: Sendable {
    let azure: Azure
    let access: VaultAccess

    package init(azure: Azure) {
        self.azure = azure
        access = VaultAccess(azure: azure)
    }

    package var routes: [Route] {
        [
            Route(.get, "keys", list), Route(.get, "keys/:name/versions", versions), Route(.get, "keys/:name", get),
            Route(.get, "keys/:name/:version", get),
        ]
    }

    private func get(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("get", on: .keys, call) { vault throws(Refusal) in
            let (name, version) = try SecretRoutes.find(call, in: vault.keys, .keys)
            return Answer(json: Bundles(azure, vault, call).key(name, version))
        }
    }

    private func list(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .keys, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let (records, next) = vault.keys.page(from: paging.marker, count: paging.count)
            let bundles = Bundles(azure, vault, call)
            let items = records.map { bundles.keyItem($0.name, $0.current, withVersion: false) }
            return paging.page(
                items, next: next, place: "key", path: "/keys",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }

    private func versions(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .keys, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let asked = call.parameters["name"] ?? ""
            let (name, versions, next) = vault.keys.versionsPage(asked, from: paging.marker, count: paging.count)
            let bundles = Bundles(azure, vault, call)
            let items = versions.map { bundles.keyItem(name, $0, withVersion: true) }
            return paging.page(
                items, next: next, place: "key/\(name.uppercased())", path: "/keys/\(name)/versions",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }
}
