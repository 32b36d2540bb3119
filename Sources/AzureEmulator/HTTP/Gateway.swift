import HTTPTypes
package import Hummingbird
import NIOCore

/// The port that a request came to.
package enum Listener: Sendable {
    /// Vaults, Entra and Service Fabric, over TLS.
    case secure
    /// The machine's identity endpoints and the control interface.
    case plain
    /// A port of Arc's own, where its endpoint has the path that the agent gives it.
    case arc
}

/// Takes every request: tells its endpoint, writes it into the journal, plays a fault or asks the endpoint's routes.
package struct Gateway: HTTPResponder {
    package typealias Context = EmulatorContext

    package static let largestBody = 1 << 20

    let azure: Azure
    let listener: Listener
    let routes: [Endpoint: Routes]

    package init(azure: Azure, listener: Listener, routes: [Endpoint: Routes]) {
        self.azure = azure
        self.listener = listener
        self.routes = routes
    }

    package func respond(to request: Request, context: EmulatorContext) async throws -> Response {
        var context = context
        let body = try? await request.body.collect(upTo: Self.largestBody)
        var call = Call(
            endpoint: .unknown, method: request.method, host: Self.host(of: request.head),
            target: request.head.path ?? "/", headers: request.headers,
            body: body.map { Array($0.readableBytesView) } ?? [], now: azure.now())
        call.endpoint = endpoint(of: call)
        context.call = call
        guard call.endpoint != .control else {
            let answer = await routes[.control]?.answer(to: request, context: context)
            return await Transmission(answer: answer ?? Self.nothingThere(call)).response(on: context.channel)
        }
        let arrival = arrive(call, on: context.channel)
        if let delay = arrival.effect?.delay { try? await Task.sleep(for: .seconds(delay)) }
        var answer: Answer
        if body == nil {
            answer = Answer(status: 413, text: "the body is too large\n")
        } else if let refusal = arrival.refusal {
            answer = refusal
        } else if arrival.effect?.replacesAnswer == true {
            answer = Answer(status: 200, json: [:])
        } else {
            answer = await routes[call.endpoint]?.answer(to: request, context: context) ?? Self.nothingThere(call)
        }
        if let effect = arrival.effect { answer = effect.altered(answer, for: call, azure: azure) }
        answer = finished(answer, for: call)
        let transmission = Transmission(answer: answer, effect: arrival.effect)
        azure.locked { world in
            world.journal.finish(
                arrival.entry, status: transmission.isDropped ? 0 : answer.status, bytes: answer.body.count,
                fault: arrival.fault)
        }
        return await transmission.response(on: context.channel)
    }

    private struct Arrival: Sendable {
        var entry: Int
        var effect: FaultEffect?
        var fault: String?
        var refusal: Answer?
    }

    /// Journal, fault and ceiling in one turn of the lock.
    private func arrive(_ call: Call, on channel: any Channel) -> Arrival {
        let vault = call.endpoint == .vault ? azure.vaultName(host: call.host) : nil
        let entry = JournalEntry(
            id: 0, time: call.now, endpoint: call.endpoint, vault: vault, method: call.method.rawValue,
            host: call.host, path: call.path, query: call.queryText,
            headerNames: ["host"] + call.headers.map(\.name.canonicalName), headers: Discretion.headers(of: call),
            formFields: Discretion.formFields(of: call), form: Discretion.form(of: call),
            token: azure.tokenNote(of: call), connection: Self.connection(channel))
        return azure.locked { world in
            var arrival = Arrival(entry: world.journal.add(entry))
            if let strike = world.faults.strike(call, vault: vault) {
                arrival.effect = strike.effect
                arrival.fault = strike.name
            }
            if let vault, arrival.effect?.replacesAnswer != true,
                world.vaults[vault]?.ceiling.admit(at: call.now) == false
            {
                arrival.refusal = Self.throttled(retryAfter: world.vaults[vault]?.ceiling.retryAfter)
            }
            if world.unavailable.contains(call.endpoint) {
                var effect = FaultEffect()
                effect.drop = true
                arrival.effect = effect
                arrival.fault = "unavailable"
            }
            return arrival
        }
    }

    /// Address and port of the other end: the same for all requests of one connection.
    private static func connection(_ channel: any Channel) -> String {
        guard let remote = channel.remoteAddress, let address = remote.ipAddress, let port = remote.port else {
            return ""
        }
        return "\(address):\(port)"
    }

    private static func throttled(retryAfter: Int?) -> Answer {
        var answer = DocumentedError.throttled.answer(for: nil, azure: nil)
        answer.set("Retry-After", retryAfter.map(String.init))
        return answer
    }

    /// What a host without any route answers.
    private static func nothingThere(_ call: Call) -> Answer {
        switch call.endpoint {
        case .vault: Refusal.badParameter("Method \(call.method.rawValue) does not apply to this URI.").answer
        case .imds: Refusal.oauth(404, "not_found", "No such resource").answer
        case .unknown:
            Answer(status: 404, text: "latchkey-emulator: nothing answers \(call.path) at this host and port\n")
        default: Answer(status: 404, text: "latchkey-emulator: no such resource\n")
        }
    }

    /// Headers that every answer of an endpoint has.
    private func finished(_ answer: Answer, for call: Call) -> Answer {
        guard call.endpoint == .vault else { return answer }
        var answer = answer
        let vault = azure.vaultName(host: call.host)
        let rules = azure.locked { world in vault.flatMap { world.vaults[$0] }.map { ($0.location, $0.access) } }
        answer.set("x-ms-keyvault-region", rules?.0 ?? "westeurope")
        if rules?.1 == .rbac, answer.status == 200 {
            answer.set("x-ms-keyvault-rbac-assignment-id", VaultHeaders.assignment)
        }
        for (name, value) in VaultHeaders.common where answer.header(name) == nil {
            answer.headers.append((name, value))
        }
        answer.headers.append(("x-ms-request-id", Identifier.random()))
        if let id = call.header("x-ms-client-request-id") { answer.headers.append(("x-ms-client-request-id", id)) }
        return answer
    }

    /// The host in lower case and without its port.
    static func host(of head: HTTPRequest) -> String {
        let authority = head.authority?.lowercased() ?? ""
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    private func endpoint(of call: Call) -> Endpoint {
        switch listener {
        case .secure:
            if azure.vaultName(host: call.host) != nil { return .vault }
            if call.host == azure.settings.loginHost || call.path.hasPrefix(EntraRoutes.proxy) { return .entra }
            return call.path.hasPrefix("/metadata/identity/") ? .serviceFabric : .unknown
        case .arc:
            return call.path.hasPrefix("/metadata/") ? .arc : .unknown
        case .plain:
            if call.path == "/msi/token" {
                return call.parameter("api-version") == "2017-09-01" ? .appService2017 : .appService
            }
            let prefixes: [(String, Endpoint)] = [
                ("/metadata/", .imds), ("/arc/", .arc), ("/azure-ml/", .azureML), ("/cloud-shell/", .cloudShell),
                ("/_emulator", .control),
            ]
            return prefixes.first { call.path.hasPrefix($0.0) }?.1 ?? .unknown
        }
    }
}

/// The headers of Key Vault's answers.
enum VaultHeaders {
    /// The role assignment that let a request pass.
    static let assignment = "5c0ffee05c0ffee05c0ffee05c0ffee0"
    static let common: [(name: String, value: String)] = [
        ("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"),
        ("x-ms-keyvault-service-version", "1.9.3019.1"),
        ("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"),
        ("X-Content-Type-Options", "nosniff"),
        ("Strict-Transport-Security", "max-age=31536000;includeSubDomains"),
    ]
}
