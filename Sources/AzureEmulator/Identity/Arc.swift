import Foundation
import HTTPTypes
import Synchronization

/// The agent of Azure Arc: who asks proves with the content of a file that only the machine's trusted users can read.
package final class Arc: Sendable {
    private let azure: Azure
    /// The keys that were handed out and not used yet: path to content.
    private let keys = Mutex<[String: String]>([:])

    package init(azure: Azure) { self.azure = azure }

    deinit {
        for path in keys.withLock({ Array($0.keys) }) { try? FileManager.default.removeItem(atPath: path) }
    }

    package var routes: [Route] {
        [
            Route(.get, "arc/metadata/identity/oauth2/token", { [self] call throws(Refusal) in try token(call) }),
            Route(.get, "metadata/identity/oauth2/token", { [self] call throws(Refusal) in try token(call) }),
        ]
    }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        guard call.header("Metadata")?.lowercased() == "true" else {
            throw .oauth(400, "invalid_request", "Required metadata header not specified")
        }
        guard let version = call.parameter("api-version"), !version.isEmpty else {
            throw .oauth(400, "invalid_request", "api-version is missing")
        }
        guard ["2019-08-15", "2019-11-01", "2020-06-01", "2021-02-01"].contains(version) else {
            throw .oauth(400, "invalid_request", "api-version '\(version)' is not supported")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw .oauth(400, "invalid_request", "resource is missing")
        }
        guard let authorization = call.header("Authorization") else { return try challenge() }
        guard authorization.hasPrefix("Basic "), spend(String(authorization.dropFirst(6))) else {
            throw .oauth(401, "unauthorized_client", "The authorization header has no valid key")
        }
        return try answer(call, resource: resource)
    }

    /// A new key file, and the 401 that says where it is.
    private func challenge() throws(Refusal) -> Answer {
        let directory = azure.settings.arcTokenDirectory
        let path = "\(directory)/\(Identifier.random()).key"
        let content = Base64.text((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            try StateDirectory.write(Data(content.utf8), to: path, mode: 0o400)
        } catch {
            throw .oauth(500, "server_error", "latchkey-emulator cannot write a key file into \(directory)")
        }
        keys.withLock { $0[path] = content }
        return Answer(status: 401, headers: [("WWW-Authenticate", "Basic realm=\(path)")])
    }

    /// A key opens once; its file is gone afterwards.
    private func spend(_ content: String) -> Bool {
        keys.withLock { keys in
            guard let path = keys.first(where: { $0.value == content })?.key else { return false }
            keys[path] = nil
            try? FileManager.default.removeItem(atPath: path)
            return true
        }
    }

    private func answer(_ call: Call, resource: String) throws(Refusal) -> Answer {
        let choice = IdentityChoice(call, clientID: ["client_id"], objectID: ["object_id"], resourceID: ["msi_res_id"])
        guard let principal = azure.locked({ choice.principal(in: $0) }) else {
            throw .oauth(400, "invalid_request", "Identity not found")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        // Who asks for a user-assigned identity wants to be told that it was that one.
        let echo: (clientID: String?, objectID: String?, resourceID: String?) =
            switch choice {
            case .systemAssigned: (nil, nil, nil)
            case .clientID(let id): (id, nil, nil)
            case .objectID(let id): (nil, id, nil)
            case .resourceID(let id): (nil, nil, id)
            }
        return Answer(
            json: .compact([
                "access_token": .string(token), "client_id": echo.clientID.map(JSON.string),
                "object_id": echo.objectID.map(JSON.string), "msi_res_id": echo.resourceID.map(JSON.string),
                "expires_in": .string(String(claims.expires - claims.issuedAt)),
                "expires_on": .string(String(claims.expires)), "not_before": .string(String(claims.issuedAt)),
                "resource": .string(resource), "token_type": "Bearer",
            ]))
    }
}
