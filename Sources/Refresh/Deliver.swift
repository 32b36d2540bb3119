import Cryptography
import Delivery
package import Generations
import KeyVault
package import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import WorkerProtocol

/// Where a gathered set is to be delivered.
package struct DeliveryTask {
    /// The inherited environment: raw entries, a NUL behind each.
    package var inherited: [UInt8]
    /// nil where no directory could be had.
    package var secrets: SecretsDirectory?
    /// The memory file that takes the child's environment; nil for a command without a child.
    package var environmentFile: CInt?
    /// The command's arguments, which count against the kernel's limit too.
    package var arguments: [[UInt8]]

    package init(
        inherited: [UInt8], secrets: SecretsDirectory?, environmentFile: CInt?, arguments: [[UInt8]]
    ) {
        self.inherited = inherited
        self.secrets = secrets
        self.environmentFile = environmentFile
        self.arguments = arguments
    }
}

/// What a delivery did.
package struct DeliveryOutcome: Equatable, Sendable {
    package init() {}

    package var filesChanged = false
    package var environmentChanged = false
    /// The names of the objects whose versions changed, sorted.
    package var changedNames: [String] = []
}

extension Gathered {
    /// Delivers files and environment, both or none: the environment is checked and built before a file is touched.
    package borrowing func deliver(
        _ task: DeliveryTask, _ plan: LaunchPlan, updating memory: inout RefreshMemory
    ) throws(RefreshFailure) -> DeliveryOutcome {
        do throws(Diagnosis) {
            return try delivered(task, plan, updating: &memory)
        } catch {
            throw RefreshFailure([error])
        }
    }

    private borrowing func delivered(
        _ task: DeliveryTask, _ plan: LaunchPlan, updating memory: inout RefreshMemory
    ) throws(Diagnosis) -> DeliveryOutcome {
        var outcome = DeliveryOutcome()
        var digest = memory.environmentDigest
        if let file = task.environmentFile {
            digest = try writeEnvironment(to: file, task, plan, key: memory.key)
            outcome.environmentChanged = digest != memory.environmentDigest
        }
        outcome.filesChanged = try writeFiles(task)
        var versions: [String: String] = [:]
        for object in objects { versions[object.object.url] = object.version ?? "" }
        if outcome.environmentChanged || outcome.filesChanged {
            outcome.changedNames = objects.filter { memory.versions[$0.object.url] != ($0.version ?? "") }
                .map(\.object.name).sorted()
            memory.previousVersions = memory.versions
            memory.previousEnvironmentDigest = memory.environmentDigest
            memory.generation += 1
        }
        memory.versions = versions
        memory.environmentDigest = digest
        return outcome
    }

    private borrowing func writeEnvironment(
        to file: CInt, _ task: DeliveryTask, _ plan: LaunchPlan, key: [UInt8]
    ) throws(Diagnosis) -> [UInt8] {
        let root = task.secrets?.path
        var options = EnvironmentOptions()
        options.isPristine = plan.child.pristine
        options.keepsIdentity = plan.child.keepIdentity
        options.removed = Set(plan.inherited.map(\.name))
        options.argumentBytes = task.arguments.reduce(0) { $0 + $1.count + 1 } + (task.arguments.first?.count ?? 0) + 1
        options.argumentCount = task.arguments.count
        let inherited = task.inherited.span
        do throws(DeliveryError) {
            let descriptor = try duplicated(file)
            let block = try EnvironmentBlock(
                inherited: inherited, delivering: assignments(root), from: set, options: options)
            try block.write(to: descriptor, inherited: inherited, from: set)
        } catch {
            throw error.diagnosis
        }
        do throws(SystemError) {
            let written = try MemoryFile.contents(of: file, limit: 64 << 20)
            return hmacSHA256(written.span, key: key.span)
        } catch {
            throw Diagnosis(.systemRefused, exit: .system, error.description)
        }
    }

    private borrowing func duplicated(_ file: CInt) throws(DeliveryError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try OwnedDescriptor(duplicating: file)
        } catch {
            throw .system(error)
        }
    }

    private borrowing func assignments(_ root: String?) -> [EnvironmentAssignment] {
        var all = variables.map { variable in
            EnvironmentAssignment(
                name: variable.name, value: .secret(variable.slot), origin: variable.origin, place: variable.place,
                secret: variable.object.name, vault: variable.object.vault.name)
        }
        guard let root else { return all }
        for entry in files {
            guard let variable = entry.pathVariable else { continue }
            all.append(
                EnvironmentAssignment(
                    name: variable, value: .text(root + "/" + entry.path), origin: .configuration, place: entry.place))
        }
        return all + [.secretsDirectory(root)]
    }

    private borrowing func writeFiles(_ task: DeliveryTask) throws(Diagnosis) -> Bool {
        guard let secrets = task.secrets else { return false }
        do throws(GenerationError) {
            let generation = Generation(
                files: files.map { Generation.File(path: $0.path, content: $0.slot, mode: $0.mode) })
            let outcome = try generation.writeFiles(to: secrets, from: set)
            return outcome != .unchanged
        } catch {
            throw error.diagnosis
        }
    }
}

extension Gathered {
    /// Whether the app has failed with exactly these versions before.
    package borrowing func isRefused(by memory: RefreshMemory) -> Bool {
        guard let refused = memory.refusedVersions, !refused.isEmpty else { return false }
        return objects.allSatisfy { refused[$0.object.url] == ($0.version ?? "") }
    }

    /// When something begins or ceases to be valid, in seconds since 1970.
    package var turningPoints: [Int64] {
        objects.flatMap { [$0.attributes.notBefore, $0.attributes.expires].compactMap(\.self) }
    }
}

extension VaultObject {
    /// What names the object in memory and messages: its URL without a version, or with a pinned one.
    var url: String {
        "\(vault.url)/\(kind.collection)/\(name)" + (version.map { "/" + $0 } ?? "")
    }
}
