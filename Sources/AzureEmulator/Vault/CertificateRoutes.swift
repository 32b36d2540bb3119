import HTTPTypes

/// Key Vault's operations that read certificates.
package struct CertificateRoutes: Sendable {
    let azure: Azure
    let access: VaultAccess

    package init(azure: Azure) {
        self.azure = azure
        access = VaultAccess(azure: azure)
    }

    package var routes: [Route] {
        [
            Route(.get, "certificates", list), Route(.get, "certificates/:name/versions", versions),
            Route(.get, "certificates/:name", get), Route(.get, "certificates/:name/:version", get),
        ]
    }

    private func get(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("get", on: .certificates, call) { vault throws(Refusal) in
            let (name, version) = try SecretRoutes.find(call, in: vault.certificates, .certificates)
            let isCurrent = call.parameters["version"] == nil
            return Answer(json: Bundles(azure, vault, call).certificate(name, version, withPolicy: isCurrent))
        }
    }

    private func list(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .certificates, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let (records, next) = vault.certificates.page(from: paging.marker, count: paging.count)
            let bundles = Bundles(azure, vault, call)
            let items = records.map { bundles.certificateItem($0.name, $0.current, withVersion: false) }
            return paging.page(
                items, next: next, place: "certificate", path: "/certificates",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }

    private func versions(_ call: Call) throws(Refusal) -> Answer {
        try access.perform("list", on: .certificates, call) { vault throws(Refusal) in
            let paging = try Paging(call, emptyPages: vault.emptyPages)
            let asked = call.parameters["name"] ?? ""
            let (name, versions, next) = vault.certificates.versionsPage(
                asked, from: paging.marker, count: paging.count)
            let bundles = Bundles(azure, vault, call)
            let items = versions.map { bundles.certificateItem(name, $0, withVersion: true) }
            return paging.page(
                items, next: next, place: "certificate/\(name.uppercased())", path: "/certificates/\(name)/versions",
                base: azure.vaultURL(vault.name, explicitPort: true), call)
        }
    }
}
