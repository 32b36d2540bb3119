import Messages

/// The status of a running instance, from its file.
struct InstanceStatus {
    struct Failure {
        let code: String
        let message: String
        let exitCode: Int32?
        let since: String?
    }

    struct Secret {
        let name: String
        let vault: String
        let version: String?
        let target: String
        let updated: String?
        let expires: String?
    }

    /// What somebody has yet to be told of.
    struct Pending {
        let receiver: String
        let names: [String]
        let since: String?
    }

    let instance: String
    let pid: Int32
    let childProcess: Int32?
    /// The other process of the command while it is replaced: `42 starting`.
    let secondChild: String?
    let listening: [String]
    let state: String
    let generation: Int64
    let attempt: Int64
    let startedAttempt: Int64
    let refreshedAt: String?
    let nextRefreshAt: String?
    let lastError: Failure?
    let environmentStale: Bool?
    let staleVariables: [String]
    let pending: [Pending]
    let secrets: [Secret]
}

extension InstanceStatus {
    init(_ text: Span<UInt8>) throws(JSONFault) {
        let root = try JSONReader.object(text)
        instance = try root.requiredText("instance", in: text)
        pid = try root.requiredInteger("pid", in: text)
        childProcess = try root.integer("child_pid", in: text)
        var second: String?
        if try root.member("children", in: text) != nil {
            for child in try root.elements("children", in: text) {
                let role = try child.requiredText("role", in: text)
                if role != "serving" { second = "\(try child.requiredInteger("pid", in: text) as Int32) \(role)" }
            }
        }
        secondChild = second
        // An instance of an older version has none.
        var listening: [String] = []
        if try root.member("listen", in: text) != nil {
            for socket in try root.elements("listen", in: text) {
                listening.append(try socket.requiredText("address", in: text))
            }
        }
        self.listening = listening
        state = try root.requiredText("state", in: text)
        generation = try root.requiredInteger("generation", in: text)
        attempt = try root.requiredInteger("attempt", in: text)
        startedAttempt = try root.requiredInteger("started_attempt", in: text)
        refreshedAt = try root.text("refreshed_at", in: text)
        nextRefreshAt = try root.text("next_refresh_at", in: text)
        let error = try root.member("last_error", in: text)
        lastError = try error.map { (error) throws(JSONFault) in try Failure(error, in: text) }
        environmentStale = try root.flag("environment_stale", in: text)
        let stale =
            try root.member("stale_variables", in: text) == nil ? [] : root.elements("stale_variables", in: text)
        staleVariables = stale.compactMap { $0.string(in: text) }
        let owed = try root.member("pending", in: text) == nil ? [] : root.elements("pending", in: text)
        pending = try owed.map { (change) throws(JSONFault) in try Pending(change, in: text) }
        var secrets: [Secret] = []
        for secret in try root.elements("secrets", in: text) { secrets.append(try Secret(secret, in: text)) }
        self.secrets = secrets
    }
}

extension InstanceStatus.Failure {
    fileprivate init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        code = try node.requiredText("code", in: text)
        message = try node.requiredText("message", in: text)
        exitCode = try node.integer("exit_code", in: text)
        since = try node.text("since", in: text)
    }
}

extension InstanceStatus.Pending {
    fileprivate init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        receiver = try node.requiredText("receiver", in: text)
        names = try node.elements("names", in: text).compactMap { $0.string(in: text) }
        since = try node.text("since", in: text)
    }
}

extension InstanceStatus.Secret {
    fileprivate init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        name = try node.requiredText("name", in: text)
        vault = try node.requiredText("vault", in: text)
        version = try node.text("version", in: text)
        target = try node.requiredText("target", in: text)
        updated = try node.text("updated", in: text)
        expires = try node.text("expires", in: text)
    }
}
