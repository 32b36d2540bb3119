package import Secrets

/// The variable or file that a value is delivered to.
package enum DeliveryTarget: Hashable, Sendable {
    /// By its name.
    case variable(String)
    /// By its path, relative to the secrets directory, checked: no `..`, not absolute, no empty component.
    case file(String)

    /// As `status` shows it: `env:DB_PASSWORD`, `file:tls/server.pem`.
    package var label: String {
        switch self {
        case .variable(let name): "env:" + name
        case .file(let path): "file:" + path
        }
    }

    /// The variable's name or the file's path.
    package var name: String {
        switch self {
        case .variable(let name), .file(let name): name
        }
    }
}

/// One variable or file to deliver, as options, environment and configuration name it.
package struct DeliveryItem: Sendable, Equatable {
    /// Who named it. Where two want one name, the later in this list wins.
    package enum Origin: Sendable, Equatable {
        case inherited, bulk, configuration
    }

    package var target: DeliveryTarget
    package var content: ItemContent
    package var origin: Origin
    /// nil: the plan's.
    package var ifMissing: MissingPolicy?
    package var location: SourceLocation
    /// A file's mode; nil: 0400, or 0440 with `--group`.
    package var mode: UInt32?
    /// The variable that holds a file's path (`env = "…"`).
    package var pathVariable: String?

    package init(
        _ target: DeliveryTarget, _ content: ItemContent, origin: Origin = .configuration,
        ifMissing: MissingPolicy? = nil, location: SourceLocation, mode: UInt32? = nil, pathVariable: String? = nil
    ) {
        self.target = target
        self.content = content
        self.origin = origin
        self.ifMissing = ifMissing
        self.location = location
        self.mode = mode
        self.pathVariable = pathVariable
    }

    /// The variables that it sets: its own, or the one that holds its path.
    package var variable: String? {
        if case .variable(let name) = target { name } else { pathVariable }
    }

    /// The path of a file; nil for a variable.
    package var path: String? {
        if case .file(let path) = target { path } else { nil }
    }
}

/// What an item's bytes are made of.
package enum ItemContent: Sendable, Equatable {
    case object(ObjectRequest)
    /// An access token of the same identity for another service.
    case token(TokenResource)
    /// A text with references. Bare names are secrets of the vault.
    case template(TemplateSource, vault: VaultAddress?)
    case set([VaultReference], SetFormat)
    /// A directory of the newest enabled versions of a secret: `0` is the newest.
    case versions(ObjectRequest, count: Int)

    init(_ reference: Reference) {
        self =
            switch reference {
            case .object(let reference): .object(ObjectRequest(reference: reference))
            case .token(let resource): .token(resource)
            }
    }

    /// The references that are known before a template is read.
    package var references: [VaultReference] {
        switch self {
        case .object(let request), .versions(let request, _): request.references
        case .set(let references, _): references
        case .token, .template: []
        }
    }
}

/// Where a template's text is.
package enum TemplateSource: Sendable, Hashable {
    /// The absolute path of its file.
    case file(String)
    /// The text itself, of a composed variable.
    case text(String)
}

package enum MissingPolicy: String, Sendable, CaseIterable {
    case error, warn, ignore
}

package enum SetFormat: String, Sendable, CaseIterable {
    case dotenv
    case envFile = "env-file"
    case json
}

extension LaunchPlan {
    /// The configured variables.
    package var environment: [DeliveryItem] { items.filter { $0.path == nil && $0.origin == .configuration } }
    /// The inherited variables and those of environment files whose value is a reference.
    package var inherited: [DeliveryItem] { items.filter { $0.origin == .inherited } }
    package var files: [DeliveryItem] { items.filter { $0.path != nil } }

    /// Whether the configuration or an environment file sets a variable.
    package func sets(_ variable: String) -> Bool {
        items.contains { $0.target == .variable(variable) } || literals.contains { $0.name == variable }
    }
}
