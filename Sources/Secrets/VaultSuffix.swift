/// What follows a vault's name in its host: `vault.azure.net`, another cloud's, or an emulator's `vault.localhost:8443`.
package struct VaultSuffix: Hashable, Sendable {
    /// Without a dot in front, in lower case.
    package let host: String
    /// The port where it is not 443.
    package let port: UInt16?

    private init(_ host: String, port: UInt16? = nil) {
        self.host = host
        self.port = port
    }

    /// The suffix of names where no other one is chosen.
    package static let publicCloud = VaultSuffix("vault.azure.net")

    /// The hosts under which Azure's vaults are: public, China, US government; vaults and managed HSMs.
    package static let ofAzure = ["azure.net", "azure.cn", "usgovcloudapi.net"].flatMap { domain in
        ["vault.\(domain)", "managedhsm.\(domain)"]
    }

    /// Reads a host's name with or without a port.
    ///
    /// Refuses a name below one of Azure's: a vault's name is one label, so that a host with any other suffix is under
    /// none of Azure's, and is never sent a token of Azure's vaults.
    package init(parsing text: String) throws(ReferenceError) {
        let cursor = TextCursor(text)
        guard !cursor.isEmpty, cursor.scheme == nil, !text.hasPrefix("."), !text.contains("/") else {
            throw ReferenceError("a suffix is a host's name, without 'https://' or a dot in front", at: 0)
        }
        let address = try VaultAddress.authority(cursor)
        guard !address.host.hasPrefix("["), !TextCursor(address.host).endsInNumber else {
            throw ReferenceError("a suffix is a host's name, and no address", at: 0)
        }
        if let known = Self.ofAzure.first(where: { address.host.hasSuffix("." + $0) }) {
            throw ReferenceError("no vault's name is followed by more than '\(known)'", at: 0)
        }
        self.init(address.host, port: address.port)
    }

    /// Whether vaults with this suffix are Azure's.
    package var isOfAzure: Bool { Self.ofAzure.contains(host) }

    /// As it was written: `vault.localhost:8443`.
    package var text: String { host + (port.map { ":\($0)" } ?? "") }

    /// The address of a vault by its name.
    package func vault(named name: String) -> VaultAddress {
        VaultAddress(host: name + "." + host, port: port)
    }
}
