extension Refusal {
    /// App Service, Functions and Container Apps, since 2019-08-01.
    package static func appService(_ status: Int, _ message: String) -> Refusal {
        Refusal(
            Answer(
                status: status,
                json: [
                    "statusCode": .integer(status), "message": .string(message),
                    "correlationId": .string(Identifier.random()),
                ]))
    }

    /// The same errors as the first interface of App Service wrote them.
    package static func appService2017(_ status: Int, _ message: String) -> Refusal {
        Refusal(
            Answer(
                status: status,
                json: [
                    "StatusCode": .integer(status), "Message": .string(message),
                    "CorrelationId": .string(Identifier.random()),
                ]))
    }

    /// Metadata service, Arc, Cloud Shell: the shape of OAuth.
    package static func oauth(_ status: Int, _ error: String, _ description: String) -> Refusal {
        Refusal(
            Answer(status: status, json: ["error": .string(error), "error_description": .string(description)]))
    }

    /// Service Fabric.
    package static func serviceFabric(_ status: Int, _ code: String, _ message: String) -> Refusal {
        Refusal(
            Answer(
                status: status,
                json: [
                    "error": [
                        "correlationId": .string(Identifier.random()), "code": .string(code),
                        "message": .string(message),
                    ]
                ]))
    }
}

/// Which identity a request names, by whichever parameter.
package enum IdentityChoice: Equatable, Sendable {
    case systemAssigned
    case clientID(String)
    case objectID(String)
    case resourceID(String)

    /// Reads the parameters of a query; the names differ from endpoint to endpoint.
    package init(_ call: Call, clientID: [String], objectID: [String], resourceID: [String]) {
        func value(_ names: [String]) -> String? { names.lazy.compactMap { call.parameter($0) }.first }
        if let id = value(clientID) {
            self = .clientID(id)
        } else if let id = value(objectID) {
            self = .objectID(id)
        } else if let id = value(resourceID) {
            self = .resourceID(id)
        } else {
            self = .systemAssigned
        }
    }

    package func principal(in world: World) -> Principal? {
        switch self {
        case .systemAssigned: world.systemAssigned
        case .clientID(let id): world.principal(clientID: id)
        case .objectID(let id): world.principal(objectID: id)
        case .resourceID(let id): world.principal(resourceID: id)
        }
    }
}
