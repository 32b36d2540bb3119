package import LinuxSystem
package import Messages

/// Why a secret can't be delivered as asked. Carries names, places and sizes; never a value.
package enum DeliveryError: Error, Equatable, Sendable {
    /// A variable's value has a NUL byte.
    case null(Item)
    /// One string of the environment is over the kernel's limit.
    case stringSize(Item, bytes: Int, limit: Int)
    /// The whole environment is over the kernel's limit; the largest of what is delivered is named.
    case environmentSize(bytes: Int, limit: Int, largest: Item?, largestBytes: Int)
    /// A name that bulk selection must not set.
    case nameRefused(Item)
    /// A name that no variable can have.
    case nameForm(String, location: String)
    /// Two of the same kind want one name.
    case duplicate(String, first: String, second: String)
    /// A value that should be text is not UTF-8.
    case encoding(secret: String, target: String)
    /// A secret's name makes no variable that a shell could set.
    case variableName(Written, variable: String)
    /// A value has no spelling that all readers of a dotenv file take alike.
    case dotenvValue(Written, DotenvObstacle)
    /// A value does not fit on a line of an env-file.
    case envFileValue(Written)
    /// A variable that should be text is not UTF-8.
    case notText(Written)
    /// Two secrets of a set have one name in it.
    case setDuplicate(file: String, name: String, first: String, second: String)
    /// A template's file can't be read.
    case templateMissing(SystemError)
    /// A template is not understood, or wants what templates may not do.
    case templateSyntax(TemplateLocation, String)
    /// A template names a secret that there is not.
    case templateName(TemplateLocation, String)
    /// A value has a NUL byte, which a shell's word can't hold.
    case templateNull(TemplateLocation, String)
    /// What was kept for a start without the vault can't be used.
    case cache(String)
    /// The system refused a resource.
    case system(SystemError)

    /// One of several values that are written together.
    package struct Written: Equatable, Sendable {
        /// The secret's name, or the variable's.
        package let name: String
        /// The file's path; nil for variables on standard output.
        package let file: String?

        fileprivate var words: String { file.map { "file '\($0)': secret '\(name)'" } ?? "variable '\(name)'" }
        fileprivate var secret: String? { file == nil ? nil : name }

        /// The hint for a file, or for standard output.
        fileprivate func hint(_ ofFile: String, _ ofOutput: String) -> String { file == nil ? ofOutput : ofFile }
    }

    /// What is delivered, for messages.
    package struct Item: Equatable, Sendable {
        /// The variable's name.
        package let name: String
        /// The secret's name; nil for what is no secret.
        package let secret: String?
        package let vault: String?

        package init(name: String, secret: String?, vault: String? = nil) {
            self.name = name
            self.secret = secret
            self.vault = vault
        }
    }
}

/// Why a value has no spelling that a shell, Python's dotenv and systemd read alike.
package enum DotenvObstacle: Equatable, Sendable {
    case null, carriageReturn, braces, quotes, twoBackslashes

    fileprivate var words: String {
        switch self {
        case .null: "it has a NUL byte"
        case .carriageReturn: "it has a carriage return, which Python's dotenv loses"
        case .braces: "it has '${', which Python's dotenv fills in"
        case .quotes:
            "it has a quote or two backslashes beside a dollar or a backtick, which the readers take differently"
        case .twoBackslashes: "it is the second value that ends in a backslash"
        }
    }
}

/// A place in a template.
package struct TemplateLocation: Equatable, Sendable, CustomStringConvertible {
    package let path: String
    /// The template is a part of the file, which `path` names with its own location.
    package let isInline: Bool
    /// From 1.
    package let line: Int
    /// From 1, in characters.
    package let column: Int

    package init(path: String, isInline: Bool = false, line: Int, column: Int) {
        self.path = path
        self.isInline = isInline
        self.line = line
        self.column = column
    }

    package var description: String {
        guard isInline else { return "\(path):\(line):\(column)" }
        return "\(path): character \(column)\(line == 1 ? "" : " in line \(line)") of the template"
    }
}

extension DeliveryError: DiagnosableError {
    package var diagnosis: Diagnosis {
        switch self {
        case .null(let item):
            item.diagnosis(.valueNull, "the value has a NUL byte, which no variable can hold", hint: item.asFile)
        case .stringSize(let item, let bytes, let limit):
            item.diagnosis(
                .valueSize, "\(bytes) bytes with its name are over the kernel's limit of \(limit) for one variable",
                hint: item.asFile)
        case .environmentSize(let bytes, let limit, let largest, let largestBytes):
            Self.whole(bytes, limit, largest, largestBytes)
        case .nameRefused(let item):
            item.diagnosis(
                .nameRefused,
                "bulk selection does not set a variable that leads programs: what they load, run and trust",
                hint: "name it in [env] or with '-e' if it is meant, or narrow the selection")
        case .nameForm(let name, let location):
            Diagnosis(
                .configurationValue, exit: .configuration, "\(location): no variable can have the name '\(name)'",
                hint: "a name is not empty and has no '=' and no NUL byte")
        case .duplicate(let name, let first, let second):
            Diagnosis(
                .configurationDuplicate, exit: .configuration,
                "variable '\(name)' is set twice: by \(first) and by \(second)", hint: "remove one of them")
        case .system(let error):
            Diagnosis(.systemRefused, exit: .system, error.description)
        case .cache(let reason):
            Diagnosis(.internalError, exit: .software, "the kept generation can't be used: \(reason)")
        default:
            fileDiagnosis
        }
    }

    private var fileDiagnosis: Diagnosis {
        switch self {
        case .encoding(let secret, let target):
            Diagnosis(
                .valueEncoding, exit: .data, "\(target): the value of secret '\(secret)' is not UTF-8 text",
                hint: "deliver it as a file of its own, which takes any bytes", secret: secret)
        case .variableName(let written, let variable):
            Diagnosis(
                .nameRefused, exit: .data,
                written.words
                    + (written.file == nil
                        ? " has a name that no shell can set"
                        : " would be the variable '\(variable)', which no shell can set"),
                hint: written.hint("use the format 'json', or a template", "use --format json"), secret: written.secret)
        case .dotenvValue(let written, let obstacle):
            Diagnosis(
                obstacle == .null ? .valueNull : .valueEncoding, exit: .data,
                "\(written.words) can't be written as dotenv: \(obstacle.words)",
                hint: written.hint(
                    "use the format 'json', or a template with {{shell(\(written.name))}} for a shell alone",
                    "use --format json, or shell for a shell alone"), secret: written.secret)
        case .envFileValue(let written):
            Diagnosis(
                .valueEncoding, exit: .data,
                "\(written.words) can't be written as env-file: it has more than one line, or a NUL byte",
                hint: written.hint(
                    "use the format 'dotenv' or 'json', or deliver it as a file of its own",
                    "use --format dotenv or json"), secret: written.secret)
        case .notText(let written):
            Diagnosis(
                .valueEncoding, exit: .data, "\(written.words): its value is not UTF-8 text",
                hint: "use --format shell, which holds any bytes")
        case .setDuplicate(let file, let name, let first, let second):
            Diagnosis(
                .configurationDuplicate, exit: .configuration,
                "file '\(file)': '\(name)' stands for '\(first)' and for '\(second)'",
                hint: "use the format 'json', or a template, or remove one of them")
        case .templateMissing(let error):
            Diagnosis(
                .templateMissing, exit: .noInput, "template '\(error.subject ?? "")': \(error.reason)",
                hint: "give the template's path, absolute or relative to the configuration file")
        case .templateSyntax(let location, let words):
            Diagnosis(
                .templateSyntax, exit: .data, "\(location): \(words)",
                hint:
                    "write '{{name}}' or '{{json(name)}}', with json, shell, url or base64; latchkey.toml(5) has examples"
            )
        case .templateNull(let location, let name):
            Diagnosis(
                .valueNull, exit: .data,
                "\(location): the value of secret '\(name)' has a NUL byte, which no shell can hold",
                secret: name)
        case .templateName(let location, let name):
            Diagnosis(
                .templateName, exit: .noInput, "\(location): there is no secret '\(name)'",
                hint: "correct the name, or create the secret", secret: name)
        default:
            Diagnosis(.internalError, exit: .software, "an error of delivery without words")
        }
    }

    private static func whole(_ bytes: Int, _ limit: Int, _ largest: Item?, _ largestBytes: Int) -> Diagnosis {
        var text =
            "the environment and the arguments need \(bytes) bytes; the kernel's limit is \(limit) with this stack limit"
        if let largest {
            let secret = largest.secret.map { " of secret '\($0)'" } ?? ""
            text += "; the largest delivered is '\(largest.name)'\(secret) with \(largestBytes) bytes"
        }
        return Diagnosis(
            .environmentSize, exit: .data, text,
            hint: "deliver large secrets as files with '-f', or raise the limit: 'ulimit -s', LimitSTACK=",
            secret: largest?.secret, vault: largest?.vault)
    }
}

extension DeliveryError.Item {
    fileprivate func diagnosis(_ code: MessageCode, _ words: String, hint: String) -> Diagnosis {
        let about = secret.map { "secret '\($0)' as variable '\(name)'" } ?? "variable '\(name)'"
        let location = vault.map { "vault '\($0)': " } ?? ""
        return Diagnosis(code, exit: .data, "\(location)\(about): \(words)", hint: hint, secret: secret, vault: vault)
    }

    fileprivate var asFile: String {
        "deliver it as a file, with '-f \(secret ?? "name")=\(secret ?? "reference")', and leave it out of -e and --all"
    }
}
