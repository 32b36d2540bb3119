extension Seed {
    /// Reads a seed that was written as JSON, or as TOML and turned into JSON.
    package init(_ json: JSON, now: Double) throws(SeedError) {
        var fields = try Fields(json, at: "seed")
        tenant = try fields.string("tenant")
        if let tenant, !Identifier.isUUID(tenant) { throw SeedError("seed: 'tenant' must be a UUID") }
        tokenLifetime = try fields.duration("token-lifetime")
        location = try fields.string("location")
        randomSeed = try fields.integer("random-seed")
        for member in try fields.members("vaults") {
            vaults.append(try VaultSeed(member.name, member.value, now: now))
        }
        for (index, value) in try fields.list("identity").enumerated() {
            identities.append(try IdentitySeed(value, number: index + 1))
        }
        for (index, value) in try fields.list("fault").enumerated() {
            faults.append(try FaultSeed(value, at: "fault \(index + 1)", number: index + 1))
        }
        try fields.finish()
    }
}

extension VaultSeed {
    package init(_ name: String, _ json: JSON, now: Double) throws(SeedError) {
        guard Vault.isVaultName(name) else {
            throw SeedError("vaults: '\(name)' is no vault's name (3 to 24 letters, digits, hyphens)")
        }
        self.name = name.lowercased()
        var fields = try Fields(json, at: "vaults.\(name)")
        access = try fields.choice("access", [AccessModel.rbac, .policy]) ?? .rbac
        ceiling = try fields.integer("ceiling", in: 0...1_000_000_000)
        ceilingWindow = try fields.duration("ceiling-window")
        retryAfter = try fields.integer("retry-after", in: 0...86_400)
        recoverableDays = try fields.integer("recoverable-days", in: 7...90)
        emptyPages = try fields.integer("empty-pages", in: 0...1_000) ?? 0
        for member in try fields.members("secrets") {
            secrets.append(try SecretSeed(member.name, member.value, at: fields.place, now: now))
        }
        for member in try fields.members("certificates") {
            certificates.append(try CertificateSeed(member.name, member.value, at: fields.place))
        }
        for member in try fields.members("keys") {
            keys.append(try KeySeed(member.name, member.value, at: fields.place))
        }
        if let fill = fields.take("fill") { secrets += try Self.fill(fill, at: fields.place) }
        try fields.finish()
    }

    /// Many secrets at once, for tests of long lists.
    private static func fill(_ json: JSON, at place: String) throws(SeedError) -> [SecretSeed] {
        var fields = try Fields(json, at: "\(place).fill")
        let count = try fields.integer("count", in: 0...1_000_000) ?? 0
        let prefix = try fields.string("prefix") ?? "filler-"
        let tags = try fields.table("tags")
        try fields.finish()
        return (0..<count).map { number in
            let digits = String(number)
            let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
            var version = SecretVersionSeed(value: "value of \(prefix)\(padded)")
            version.tags = tags
            return SecretSeed(name: prefix + padded, versions: [version])
        }
    }
}

extension SecretSeed {
    package init(_ name: String, _ json: JSON, at place: String, now: Double) throws(SeedError) {
        let place = "\(place).secrets.\(name)"
        guard Vault.isObjectName(name) else {
            throw SeedError("\(place): a secret's name has 1 to 127 letters, digits and hyphens")
        }
        self.name = name
        if let value = json.string {
            versions = [SecretVersionSeed(value: value)]
            return
        }
        var fields = try Fields(json, at: place)
        deleted = try fields.bool("deleted") ?? false
        let older = try fields.list("versions")
        versions = []
        for (index, value) in older.enumerated() {
            if let text = value.string {
                versions.append(SecretVersionSeed(value: text))
                continue
            }
            var inner = try Fields(value, at: "\(place).versions[\(index)]")
            versions.append(try SecretVersionSeed(&inner, now: now))
            try inner.finish()
        }
        if older.isEmpty { versions = [try SecretVersionSeed(&fields, now: now)] }
        try fields.finish()
    }
}

extension SecretVersionSeed {
    fileprivate init(_ fields: inout Fields, now: Double) throws(SeedError) {
        guard let value = try fields.string("value") else { throw SeedError("\(fields.place): 'value' is missing") }
        self.value = value
        contentType = try fields.string("content-type")
        tags = try fields.table("tags")
        enabled = try fields.bool("enabled") ?? true
        notBefore = try fields.moment("nbf", now: now)
        expires = try fields.moment("exp", now: now)
        created = try fields.moment("created", now: now)
        version = try fields.version()
        managedStorage = try fields.bool("managed-storage") ?? false
    }
}

extension Fields {
    /// A version's id: 32 hexadecimal digits.
    package mutating func version() throws(SeedError) -> String? {
        guard let text = try string("version") else { return nil }
        guard text.utf8.count == 32, text.allSatisfy(\.isHexDigit) else {
            throw SeedError("\(place): 'version' must have 32 hexadecimal digits")
        }
        return text.lowercased()
    }
}

extension CertificateSeed {
    package init(_ name: String, _ json: JSON, at place: String) throws(SeedError) {
        var fields = try Fields(json, at: "\(place).certificates.\(name)")
        guard Vault.isObjectName(name) else { throw SeedError("\(fields.place): no object's name") }
        self.name = name
        subject = try fields.string("subject") ?? "CN=\(name)"
        dnsNames = try fields.strings("dns") ?? []
        days = try fields.integer("days", in: 1...36_500) ?? 365
        kind = try fields.choice("key", [KeyKind.elliptic, .rsa]) ?? .elliptic
        switch try fields.string("format") ?? "pfx" {
        case "pfx": contentType = "application/x-pkcs12"
        case "pem": contentType = "application/x-pem-file"
        default: throw SeedError("\(fields.place): 'format' must be \"pfx\" or \"pem\"")
        }
        exportable = try fields.bool("exportable") ?? true
        isIssued = try fields.bool("issued") ?? false
        enabled = try fields.bool("enabled") ?? true
        tags = try fields.table("tags")
        version = try fields.version()
        try fields.finish()
    }
}

extension KeySeed {
    package init(_ name: String, _ json: JSON, at place: String) throws(SeedError) {
        var fields = try Fields(json, at: "\(place).keys.\(name)")
        guard Vault.isObjectName(name) else { throw SeedError("\(fields.place): no object's name") }
        self.name = name
        kind = try fields.choice("type", [KeyKind.elliptic, .rsa]) ?? .elliptic
        enabled = try fields.bool("enabled") ?? true
        tags = try fields.table("tags")
        version = try fields.version()
        try fields.finish()
    }
}

extension IdentitySeed {
    package init(_ json: JSON, number: Int) throws(SeedError) {
        var fields = try Fields(json, at: "identity \(number)")
        let digits = String(number)
        let end = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        principal = Principal(
            name: try fields.string("name") ?? "identity-\(number)",
            clientID: try fields.string("client-id") ?? "11111111-aaaa-4aaa-8aaa-\(end)",
            objectID: try fields.string("object-id") ?? "22222222-bbbb-4bbb-8bbb-\(end)")
        principal.resourceID = try fields.string("resource-id")
        principal.isSystemAssigned = try fields.bool("system-assigned") ?? false
        principal.secrets = try fields.strings("secret") ?? []
        principal.permissionsAfter = try fields.duration("permissions-after") ?? 0
        certificateFiles = try fields.strings("certificate") ?? []
        makesCertificate = try fields.bool("make-certificate") ?? false
        for value in try fields.list("federated") {
            var inner = try Fields(value, at: "\(fields.place).federated")
            principal.federations.append(
                Federation(
                    issuer: try inner.string("issuer") ?? "", subject: try inner.string("subject") ?? "",
                    audience: try inner.string("audience") ?? Federation.defaultAudience))
            try inner.finish()
        }
        if let json = fields.take("permissions") {
            principal.permissions = try Self.permissions(json, at: fields.place)
        }
        try fields.finish()
    }

    /// A list for every vault, or a table from vault (or `*`) to list.
    package static func permissions(_ json: JSON, at place: String) throws(SeedError) -> [String: Set<String>] {
        func words(_ json: JSON) throws(SeedError) -> Set<String> {
            let words = json.array?.compactMap(\.string) ?? json.string.map { [$0] } ?? []
            for word in words where !known.contains(word.split(separator: "/").last.map(String.init) ?? "") {
                throw SeedError("\(place): no permission '\(word)' (known: \(known.sorted().joined(separator: ", ")))")
            }
            return Set(words)
        }
        guard let members = json.members else { return ["*": try words(json)] }
        var permissions: [String: Set<String>] = [:]
        for member in members { permissions[member.name.lowercased()] = try words(member.value) }
        return permissions
    }

    private static let known: Set<String> = ["all", "get", "list", "set", "delete", "recover", "purge"]
}
