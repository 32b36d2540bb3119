package import HTTPTypes

/// The service a request is for, told by the port it came to, its host and its path.
package enum Endpoint: String, CaseIterable, Sendable {
    case vault
    case entra
    case appService = "app-service"
    case appService2017 = "app-service-2017"
    case azureML = "azure-ml"
    case imds
    case arc
    case cloudShell = "cloud-shell"
    case serviceFabric = "service-fabric"
    case control
    case unknown

    /// One of the endpoints that give a machine its tokens.
    package var isMachineIdentity: Bool {
        switch self {
        case .appService, .appService2017, .azureML, .imds, .arc, .cloudShell, .serviceFabric: true
        case .vault, .entra, .control, .unknown: false
        }
    }
}

/// A whole request, its body included.
package struct Call: Sendable {
    package var endpoint: Endpoint
    package var method: HTTPRequest.Method
    /// In lower case and without the port.
    package var host: String
    /// With its percent escapes, as it was sent.
    package var path: String
    package var queryText: String
    package var query: [(name: String, value: String)]
    package var headers: HTTPFields
    package var body: [UInt8]
    /// What the route's pattern found in the path.
    package var parameters: [String: String] = [:]
    /// The emulator's own time, seconds since 1970.
    package var now: Double

    package init(
        endpoint: Endpoint, method: HTTPRequest.Method, host: String, target: String, headers: HTTPFields,
        body: [UInt8], now: Double
    ) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.endpoint = endpoint
        self.method = method
        self.host = host
        path = halves.first.map(String.init) ?? "/"
        queryText = halves.count > 1 ? String(halves[1]) : ""
        query = Percent.pairs(queryText)
        self.headers = headers
        self.body = body
        self.now = now
    }

    /// A query parameter's value; names are compared without regard to case, as Azure does.
    package func parameter(_ name: String) -> String? {
        let wanted = name.lowercased()
        return query.first { $0.name.lowercased() == wanted }?.value
    }

    /// A header's value; nil if it is not there.
    package func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }

    /// The fields of a form's body.
    package var form: [(name: String, value: String)] { Percent.pairs(String(decoding: body, as: UTF8.self)) }

    package func field(_ name: String) -> String? { form.first { $0.name == name }?.value }
}
