package import Secrets

/// How `export` writes variables.
package enum ExportFormat: String, Sendable, CaseIterable {
    case dotenv
    case envFile = "env-file"
    case json, shell
}

/// The parsed command line.
package enum ParsedCommand: Equatable, Sendable {
    /// How `status` writes.
    package enum StatusForm: Equatable, Sendable {
        case text, json, prometheus
    }

    /// Where `init` writes.
    package enum Output: Equatable, Sendable {
        case standardOutput
        /// An absolute path.
        case file(String)
    }

    /// Where a template is read from.
    package enum TemplateInput: Equatable, Sendable {
        case standardInput
        /// An absolute path.
        case file(String)
    }

    /// What `init` makes a configuration of.
    package enum Source: Equatable, Sendable {
        /// What the default vault holds.
        case vault
        /// The text of a configuration, made of another tool's file.
        case imported(String)
    }

    case run(LaunchPlan)
    case sync(LaunchPlan)
    case sidecar(LaunchPlan)
    case check(LaunchPlan, json: Bool, explain: Bool)
    case list(LaunchPlan, json: Bool)
    case get(LaunchPlan, VaultReference)
    case status(instance: String?, StatusForm, LogPlan)
    case refresh(instance: String?, wait: Bool, LogPlan)
    case export(LaunchPlan, ExportFormat, reveal: Bool)
    case render(LaunchPlan, TemplateInput, reveal: Bool)
    case credential(LaunchPlan)
    case initialize(LaunchPlan, Source, Output)
    /// A text for standard output, exit code 0.
    case help(String)
    /// Likewise.
    case version(String)
}
