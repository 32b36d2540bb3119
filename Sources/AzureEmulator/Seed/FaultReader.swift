extension FaultSeed {
    /// Reads a fault as the seed and the control interface write it.
    package init(_ json: JSON, at place: String, number: Int) throws(SeedError) {
        var fields = try Fields(json, at: place)
        name = try fields.string("name") ?? "fault-\(number)"
        match = try FaultMatch(&fields)
        effect = try FaultEffect(&fields)
        after = try fields.integer("after", in: 0...1_000_000_000) ?? 0
        times = try fields.integer("times", in: 1...1_000_000_000)
        probability = try fields.number("probability")
        try fields.finish()
    }
}

extension FaultMatch {
    fileprivate init(_ fields: inout Fields) throws(SeedError) {
        for word in try fields.strings("endpoint") ?? [] {
            if word == "identity" {
                endpoints.formUnion(Endpoint.allCases.filter(\.isMachineIdentity))
            } else if let endpoint = Endpoint(rawValue: word) {
                endpoints.insert(endpoint)
            } else {
                let known = Endpoint.allCases.map(\.rawValue).joined(separator: ", ")
                throw SeedError("\(fields.place): no endpoint '\(word)' (known: identity, \(known))")
            }
        }
        vault = try fields.string("vault")
        method = try fields.string("method")
        path = try Self.pattern("path", &fields)
        query = try Self.pattern("query", &fields)
        token = try fields.bool("token")
    }

    private static func pattern(_ name: String, _ fields: inout Fields) throws(SeedError) -> String? {
        guard let text = try fields.string(name) else { return nil }
        do {
            _ = try Regex(text)
        } catch {
            throw SeedError("\(fields.place): '\(name)' is no regular expression: \(text)")
        }
        return text
    }
}

extension FaultEffect {
    fileprivate init(_ fields: inout Fields) throws(SeedError) {
        delay = try fields.milliseconds("delay")
        drop = try fields.bool("drop") ?? false
        reset = try fields.bool("reset") ?? false
        drop = drop || reset
        if let name = try fields.string("error") {
            guard DocumentedError(rawValue: name) != nil else {
                let known = DocumentedError.allCases.map(\.rawValue).joined(separator: ", ")
                throw SeedError("\(fields.place): no error '\(name)' (known: \(known))")
            }
            error = name
        }
        try readAnswer(&fields)
        try readWire(&fields)
        execute = try fields.bool("execute") ?? false
    }

    private mutating func readAnswer(_ fields: inout Fields) throws(SeedError) {
        status = try fields.integer("status", in: 200...599)
        if let json = fields.take("body") {
            body = json.string.map { Array($0.utf8) } ?? json.bytes
        }
        if let text = try fields.string("body-base64") {
            guard let bytes = Base64.bytes(text) else {
                throw SeedError("\(fields.place): 'body-base64' is no base64")
            }
            body = bytes
        }
        contentType = try fields.string("content-type")
        headers = try fields.table("headers") ?? [:]
        removedHeaders = try fields.strings("remove-headers") ?? []
        if let json = fields.take("retry-after") {
            retryAfter = json.string ?? json.integer.map(String.init)
        }
        retryAfterDate = try fields.duration("retry-after-date")
        retryAfterMilliseconds = try fields.integer("retry-after-ms", in: 0...1_000_000_000)
        redirect = try fields.string("redirect")
        challenge = try Self.challenge(&fields)
    }

    private static func challenge(_ fields: inout Fields) throws(SeedError) -> ChallengeFault? {
        let resource = try fields.string("challenge-resource")
        let authority = try fields.string("challenge-authority")
        if let resource { return .resource(resource) }
        if let authority { return .authority(authority) }
        guard let word = try fields.string("challenge") else { return nil }
        switch word {
        case "wrong-resource": return .resource("https://vault.example.net")
        case "missing": return .missing
        case "malformed": return .malformed
        case "twice": return .twice
        case "insufficient-claims": return .insufficientClaims
        default:
            throw SeedError(
                "\(fields.place): 'challenge' must be one of \"wrong-resource\", \"missing\", \"malformed\", "
                    + "\"twice\", \"insufficient-claims\"")
        }
    }

    private mutating func readWire(_ fields: inout Fields) throws(SeedError) {
        truncate = try fields.integer("truncate", in: 0...1_000_000_000)
        if let json = fields.take("drip") {
            var drip = try Fields(json, at: "\(fields.place): drip")
            self.drip = Drip(
                bytes: try drip.integer("bytes", in: 1...1_000_000) ?? 1, pause: try drip.milliseconds("every") ?? 0.01)
            try drip.finish()
        }
        bodySize = try fields.integer("body-size", in: 0...1_000_000_000_000)
        endless = try fields.bool("endless") ?? false
        garbage = try fields.bool("garbage") ?? false
        gzip = try fields.bool("gzip") ?? false
    }
}
