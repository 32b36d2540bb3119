import HTTPTypes

/// What the journal says of one request. Neither tokens nor secrets nor bodies are in it.
package struct JournalEntry: Sendable {
    package var id: Int
    package var time: Double
    package var endpoint: Endpoint
    package var vault: String?
    package var method: String
    package var host: String
    package var path: String
    /// Names and values, but for those that carry something secret.
    package var query: String
    /// In the order sent, in lower case.
    package var headerNames: [String]
    /// Of the headers that are safe to show.
    package var headers: [(name: String, value: String)]
    /// Names of the fields of a form's body.
    package var formFields: [String]
    /// Of the form's fields that are safe to show.
    package var form: [(name: String, value: String)]
    package var token: TokenNote?
    /// The fault that was played, by its name.
    package var fault: String?
    /// Nil while the request is being answered, 0 for a connection that was dropped.
    package var status: Int?
    package var bytes = 0
    /// The client's address and port: the same for requests of one connection.
    package var connection: String

    /// What is said of a bearer token: never the token.
    package struct TokenNote: Sendable {
        package var scheme: String
        package var audience: String?
        package var owner: String?
        package var isValid: Bool
    }
}

extension JournalEntry {
    package var json: JSON {
        .compact([
            "id": .integer(id), "time": .string(Moment.rfc3339(time)), "timestamp": .number(time),
            "endpoint": .string(endpoint.rawValue), "vault": vault.map(JSON.string), "method": .string(method),
            "host": .string(host), "path": .string(path), "query": .string(query),
            "header_names": .array(headerNames.map(JSON.string)),
            "headers": .object(headers.map { JSON.Member($0.name, .string($0.value)) }),
            "form_fields": .array(formFields.map(JSON.string)),
            "form": .object(form.map { JSON.Member($0.name, .string($0.value)) }),
            "token": token.map { note in
                .compact([
                    "scheme": .string(note.scheme), "audience": note.audience.map(JSON.string),
                    "owner": note.owner.map(JSON.string), "valid": .bool(note.isValid),
                ])
            } ?? .null,
            "fault": fault.map(JSON.string), "status": status.map(JSON.integer) ?? .null, "bytes": .integer(bytes),
            "connection": .string(connection),
        ])
    }
}

/// The last requests, oldest first.
package struct Journal: Sendable {
    package static let capacity = 20_000

    private var entries: [JournalEntry] = []
    private var nextID = 1

    package init() {}

    package var all: [JournalEntry] { entries }

    /// Adds an entry and gives it its number.
    package mutating func add(_ entry: JournalEntry) -> Int {
        var entry = entry
        entry.id = nextID
        nextID += 1
        // A quarter at a time: removing one by one from the front would copy the whole array for each request.
        if entries.count >= Self.capacity { entries.removeFirst(Self.capacity / 4) }
        entries.append(entry)
        return entry.id
    }

    package mutating func finish(_ id: Int, status: Int, bytes: Int, fault: String?) {
        guard let index = entries.lastIndex(where: { $0.id == id }) else { return }
        entries[index].status = status
        entries[index].bytes = bytes
        entries[index].fault = fault
    }

    package mutating func clear() { entries = [] }
}

/// Headers and fields whose values the journal may show.
package enum Discretion {
    private static let headers: Set<String> = [
        "accept", "accept-encoding", "client-request-id", "connection", "content-length", "content-type", "expect",
        "host", "metadata", "user-agent", "x-ms-client-request-id", "x-ms-return-client-request-id", "x-forwarded-for",
        "transfer-encoding", "x-client-sku", "x-client-ver",
    ]

    package static func headers(of call: Call) -> [(name: String, value: String)] {
        call.headers.compactMap { field in
            let name = field.name.canonicalName
            return headers.contains(name) ? (name, field.value) : nil
        }
    }

    private static let fields: Set<String> = [
        "claims", "client_assertion_type", "client_id", "grant_type", "resource", "scope",
    ]

    /// Names only of what a form sends: client secrets and assertions are among its values.
    package static func formFields(of call: Call) -> [String] { pairs(of: call).map(\.name) }

    /// Names and values of those fields that say nothing secret.
    package static func form(of call: Call) -> [(name: String, value: String)] {
        pairs(of: call).filter { fields.contains($0.name) }
    }

    private static func pairs(of call: Call) -> [(name: String, value: String)] {
        guard call.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true else { return [] }
        return call.form
    }
}
