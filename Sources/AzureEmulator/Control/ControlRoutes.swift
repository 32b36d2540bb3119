import HTTPTypes

/// The control interface under `/_emulator`: faults, journal, secrets and the clock, for tests and for play.
package struct ControlRoutes: Sendable {
    let azure: Azure
    let cluster: ClusterIssuer
    /// Where everything is; the same as in `emulator.json`.
    let endpoints: @Sendable () -> JSON

    package init(azure: Azure, cluster: ClusterIssuer, endpoints: @escaping @Sendable () -> JSON) {
        self.azure = azure
        self.cluster = cluster
        self.endpoints = endpoints
    }

    package var routes: [Route] {
        [
            Route(.get, "_emulator/health") { _ in health() },
            Route(.get, "_emulator/endpoints") { _ in Answer(json: endpoints()) },
            Route(.get, "_emulator/journal", journal),
            Route(.delete, "_emulator/journal") { _ in
                azure.locked { $0.journal.clear() }
                return Answer(status: 204)
            },
            Route(.get, "_emulator/faults") { _ in faults() },
            Route(.post, "_emulator/faults", addFaults),
            Route(.delete, "_emulator/faults") { _ in
                azure.locked { $0.faults.faults = [] }
                return Answer(status: 204)
            },
            Route(.delete, "_emulator/faults/:name", removeFault),
            Route(.post, "_emulator/identity", setIdentity),
            Route(.put, "_emulator/identities/:name/permissions", setPermissions),
            Route(.post, "_emulator/clock", setClock),
            Route(.post, "_emulator/reset") { _ in reset() },
        ] + VaultControl(azure: azure).routes + TokenControl(azure: azure, cluster: cluster).routes
    }

    static func body(_ call: Call) throws(Refusal) -> JSON {
        if call.body.isEmpty { return [:] }
        do {
            return try JSON(parsing: call.body)
        } catch {
            throw .control("the body is no JSON at byte \(error.offset)")
        }
    }

    /// Reads the members of the body; what is not known is refused.
    static func fields<Result: Sendable>(
        _ call: Call, _ read: (inout Fields) throws(SeedError) -> Result
    ) throws(Refusal) -> Result {
        let json = try body(call)
        do throws(SeedError) {
            var fields = try Fields(json, at: "body")
            let result = try read(&fields)
            try fields.finish()
            return result
        } catch {
            throw .control(error.message)
        }
    }

    private func health() -> Answer {
        azure.locked { world in
            Answer(json: [
                "status": "ok", "seed_error": JSON(world.seedError),
                "vaults": .array(world.vaults.keys.sorted().map(JSON.string)),
                "faults": .integer(world.faults.faults.count), "requests": .integer(world.journal.all.count),
                "clock_offset": .number(world.clockOffset),
            ])
        }
    }

    /// The journal, oldest first; `endpoint`, `vault`, `method` and `since` (a number) narrow it, `format=lines`
    /// writes one entry a line.
    private func journal(_ call: Call) -> Answer {
        let since = call.parameter("since").flatMap { Int($0) } ?? 0
        let entries = azure.locked { $0.journal.all }.filter { entry in
            entry.id > since && call.parameter("endpoint").map { $0 == entry.endpoint.rawValue } ?? true
                && call.parameter("vault").map { $0.lowercased() == entry.vault } ?? true
                && call.parameter("method").map { $0.uppercased() == entry.method } ?? true
        }
        guard call.parameter("format") == "lines" else { return Answer(json: .array(entries.map(\.json))) }
        let lines = entries.map { $0.json.text + "\n" }.joined()
        return Answer(
            status: 200, headers: [("Content-Type", "application/x-ndjson")], body: Array(lines.utf8))
    }

    private func faults() -> Answer {
        azure.locked { world in
            Answer(
                json: .array(
                    world.faults.faults.map { fault in
                        .compact([
                            "name": .string(fault.name), "seen": .integer(fault.seen), "hits": .integer(fault.hits),
                            "after": .integer(fault.after), "times": fault.times.map(JSON.integer),
                            "from_seed": .bool(fault.fromSeed),
                        ])
                    }))
        }
    }

    /// One fault, or a list of them; they come before those that are there.
    private func addFaults(_ call: Call) throws(Refusal) -> Answer {
        let json = try Self.body(call)
        let list = json.array ?? [json]
        var added: [Fault] = []
        let number = azure.locked { $0.faults.faults.count }
        do throws(SeedError) {
            for (index, value) in list.enumerated() {
                added.append(try FaultSeed(value, at: "fault \(index + 1)", number: number + index + 1).fault)
            }
        } catch {
            throw .control(error.message)
        }
        let names = added.map { JSON.string($0.name) }
        azure.locked { world in
            world.faults.faults.removeAll { old in added.contains { $0.name == old.name } }
            world.faults.faults.insert(contentsOf: added, at: 0)
        }
        return Answer(status: 201, json: ["faults": .array(names)])
    }

    private func removeFault(_ call: Call) throws(Refusal) -> Answer {
        let name = call.parameters["name"] ?? ""
        let isFound = azure.locked { world in
            let before = world.faults.faults.count
            world.faults.faults.removeAll { $0.name == name }
            return world.faults.faults.count < before
        }
        guard isFound else { throw .control("no fault '\(name)'", status: 404) }
        return Answer(status: 204)
    }

    /// `{"available": false, "endpoint": "imds"}`; without an endpoint all of the machine's.
    private func setIdentity(_ call: Call) throws(Refusal) -> Answer {
        try Self.fields(call) { fields throws(SeedError) in
            let isAvailable = try fields.bool("available") ?? true
            var chosen = Set(Endpoint.allCases.filter(\.isMachineIdentity))
            if let names = try fields.strings("endpoint") {
                chosen = []
                for name in names {
                    guard let endpoint = Endpoint(rawValue: name), endpoint != .control else {
                        throw SeedError("no endpoint '\(name)'")
                    }
                    chosen.insert(endpoint)
                }
            }
            let lifetime = try fields.duration("token-lifetime")
            azure.locked { world in
                if isAvailable { world.unavailable.subtract(chosen) } else { world.unavailable.formUnion(chosen) }
                if let lifetime { world.tokenLifetime = lifetime }
            }
            return Answer(status: 204)
        }
    }

    private func setPermissions(_ call: Call) throws(Refusal) -> Answer {
        let name = call.parameters["name"] ?? ""
        let permissions: [String: Set<String>]
        let json = try Self.body(call)
        do throws(SeedError) {
            permissions = try IdentitySeed.permissions(json, at: "body")
        } catch {
            throw .control(error.message)
        }
        let isFound = azure.locked { world in
            guard let index = world.identities.firstIndex(where: { $0.name == name }) else { return false }
            world.identities[index].permissions = permissions
            return true
        }
        guard isFound else { throw .control("no identity '\(name)'", status: 404) }
        return Answer(status: 204)
    }

    /// `{"advance": "1h"}`, `{"offset": 0}`, `{"stopped": true}`.
    private func setClock(_ call: Call) throws(Refusal) -> Answer {
        try Self.fields(call) { fields throws(SeedError) in
            let offset = try fields.duration("offset")
            let advance = try fields.duration("advance")
            let stopped = try fields.bool("stopped")
            let total = azure.locked { world in
                if let stopped { world.stoppedAt = stopped ? world.stoppedAt ?? Moment.now() : nil }
                world.clockOffset = (offset ?? world.clockOffset) + (advance ?? 0)
                return world.clockOffset
            }
            return Answer(json: ["offset": .number(total)])
        }
    }

    /// No faults but the seed's, an empty journal, the right time, every endpoint available.
    private func reset() -> Answer {
        azure.locked { world in
            world.faults = FaultScript(seed: UInt64(bitPattern: Int64(world.seed.randomSeed ?? 1)))
            world.faults.faults = world.seed.faults.map { seed in
                var fault = seed.fault
                fault.fromSeed = true
                return fault
            }
            world.journal.clear()
            world.clockOffset = 0
            world.stoppedAt = nil
            world.unavailable = []
            world.tokenLifetime = world.seed.tokenLifetime ?? 86_400
            for name in world.vaults.keys { world.vaults[name]?.ceiling.reset() }
        }
        return Answer(status: 204)
    }
}

extension Refusal {
    static func control(_ message: String, status: Int = 400) -> Refusal {
        Refusal(Answer(status: status, json: ["error": .string(message)]))
    }
}
