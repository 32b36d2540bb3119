import HTTPTransport
import Messages
import Secrets

/// The JSON of a token endpoint's answers, from every source.
enum TokenAnswer {
    /// The ids that an answer names as the ones it was given for; to be compared, never to be shown.
    struct Echo {
        var clientID: String?
        var objectID: String?
        var resourceID: String?
    }

    /// A 200's members, as far as they are read.
    private struct Members {
        var token: SharedSecret?
        var expiresOn: String?
        var expiresIn: String?
        var refreshIn: String?
        var echo: Echo

        init(_ root: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
            token = try root.secret("access_token", in: text)
            expiresOn = try root.numberOrText("expires_on", in: text)
            expiresIn = try root.numberOrText("expires_in", in: text)
            refreshIn = try? root.numberOrText("refresh_in", in: text)
            echo = Echo(
                clientID: root.lenientText("client_id", in: text), objectID: root.lenientText("object_id", in: text),
                resourceID: root.lenientText("msi_res_id", in: text) ?? root.lenientText("mi_res_id", in: text))
        }
    }

    /// Reads a 200's body.
    static func token(
        _ body: borrowing SecretBytes, kind: IdentityKind, resource: String, now: Int64
    ) throws(IdentityError) -> (token: AccessToken, echo: Echo) {
        let members = try reading(body, kind, "the token's answer") { (root, text) throws(JSONFault) in
            root.hasMemberTwice(in: text) ? nil : try Members(root, in: text)
        }
        guard let members else {
            throw .answer(kind, problem: "the token's answer has a member twice")
        }
        guard let token = members.token, token.count > 0 else {
            throw .answer(kind, problem: "the answer holds no token")
        }
        guard let expiry = expiry(on: members.expiresOn, in: members.expiresIn, now: now) else {
            throw .answer(kind, problem: "the answer's expiry is \(Expiry.problem)")
        }
        let renewal = members.refreshIn.flatMap { Int64($0) }.flatMap { (1...(1 << 40)).contains($0) ? now + $0 : nil }
        return (
            try accessToken(token, expiresOn: expiry, renewsAt: renewal, kind: kind, resource: resource), members.echo
        )
    }

    /// A token; what can't stand in a header is refused.
    static func accessToken(
        _ token: SharedSecret, expiresOn: Int64, renewsAt: Int64? = nil, kind: IdentityKind, resource: String
    ) throws(IdentityError) -> AccessToken {
        let fits = token.withBytes { bytes in bytes.indices.allSatisfy { (0x21..<0x7F).contains(bytes[$0]) } }
        guard fits else {
            throw .answer(kind, problem: "the token holds what no header can hold")
        }
        return AccessToken(secret: token, expiresOn: expiresOn, resource: resource, renewsAt: renewsAt)
    }

    /// An hour where the answer says nothing at all (what Microsoft's own client assumes).
    private static func expiry(on: String?, in lifetime: String?, now: Int64) -> Int64? {
        if let on { return Expiry.seconds(on) }
        guard let lifetime else { return now + 3600 }
        guard let seconds = Int64(lifetime), (0...(1 << 40)).contains(seconds) else { return nil }
        return now + seconds
    }

    /// Reads a body that is one object; `subject` is what a fault is said of.
    static func reading<Value>(
        _ body: borrowing SecretBytes, _ kind: IdentityKind, _ subject: String,
        _ read: (JSONNode, Span<UInt8>) throws(JSONFault) -> Value
    ) throws(IdentityError) -> Value {
        do throws(JSONFault) {
            return try body.withBytes { (text) throws(JSONFault) in try read(JSONReader.object(text), text) }
        } catch {
            throw .answer(kind, problem: "\(subject) \(error.words)")
        }
    }
}

extension JSONNode {
    /// A member's text in secret memory.
    func secret(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> SharedSecret? {
        guard let node = try member(name, in: text) else { return nil }
        guard case .string = node.kind else { throw .malformed(name) }
        var buffer = SecretBuffer(capacity: node.range.count)
        JSONText.unescape(node.range, of: text) { buffer.append($0) }
        return SharedSecret(buffer.frozen())
    }

    /// A member that some endpoints write as a number and others as text; nil where it is absent or empty.
    func numberOrText(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> String? {
        guard let node = try member(name, in: text) else { return nil }
        if let number = node.number(in: text) {
            guard Int64(number) == nil else { return number }
            guard let value = Double(number), abs(value) < 1e15 else { throw .malformed(name) }
            return String(Int64(value))
        }
        guard let value = node.string(in: text) else { throw .malformed(name) }
        return value.isEmpty ? nil : value
    }
}
