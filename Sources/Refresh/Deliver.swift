import Cryptography
import Delivery
import KeyVault
package import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
package import SecretsDirectory
import WorkerProtocol

/// Where and how to deliver a fetched set.
package struct DeliveryTask {
    /// The inherited environment: raw entries, a NUL behind each.
    package var inherited: [UInt8]
    /// nil if no directory is available.
    package var secrets: SecretsDirectory?
    /// The memory file that takes the child's environment; nil for a command without a child.
    package var environmentFile: CInt?
    /// The command's arguments, which count against the kernel's limit too.
    package var arguments: [[UInt8]]
    /// The sealed environment block that was delivered before; nil at a first attempt.
    package var earlierEnvironment: CInt?
    /// Inherited variables that the command does not get.
    package var withheld: Set<String> = []
    /// The target of a rollback stays the same, because the app has not yet proved to work with the newest generation.
    package var keepsPrevious = false
    /// What changes in files is noted until the supervisor has told somebody (a sidecar).
    package var notesUntold = false

    package init(
        inherited: [UInt8], secrets: SecretsDirectory?, environmentFile: CInt?, arguments: [[UInt8]]
    ) {
        self.inherited = inherited
        self.secrets = secrets
        self.environmentFile = environmentFile
        self.arguments = arguments
    }
}

/// The outcome of a delivery.
package struct DeliveryOutcome: Equatable, Sendable {
    package init() {}

    package var filesChanged = false
    package var environmentChanged = false
    /// Files of an earlier, unknown run were there, and this delivery changed them.
    package var filesReplaced = false
    /// The names of the sources that changed, sorted.
    package var changedNames: [String] = []
    /// The names of the variables whose values changed, sorted.
    package var changedVariables: [String] = []
}

extension FetchedSet {
    /// Delivers files and environment, both or neither: builds and checks the environment before it writes a file.
    package borrowing func deliver(
        _ task: DeliveryTask, _ plan: LaunchPlan, updating memory: inout DeliveryState
    ) throws(RefreshFailure) -> DeliveryOutcome {
        do throws(Diagnosis) {
            return try delivered(task, plan, updating: &memory)
        } catch {
            throw RefreshFailure([error])
        }
    }

    private borrowing func delivered(
        _ task: DeliveryTask, _ plan: LaunchPlan, updating memory: inout DeliveryState
    ) throws(Diagnosis) -> DeliveryOutcome {
        var outcome = DeliveryOutcome()
        var state = DeliveryRecord()
        state.environmentDigest = memory.delivered.environmentDigest
        if let file = task.environmentFile {
            state.environmentDigest = try writeEnvironment(to: file, task, plan, key: memory.key)
            outcome.environmentChanged = state.environmentDigest != memory.delivered.environmentDigest
            if outcome.environmentChanged, let earlier = task.earlierEnvironment {
                outcome.changedVariables = DeliveredValues.changedVariables(from: earlier, to: file)
            }
        }
        let keepsPrevious = task.keepsPrevious
        let found = task.secrets?.current()
        let told = memory.delivered.filesGeneration
        // An earlier run may have been killed before it told of a change.
        let untold = told.isEmpty && task.notesUntold ? task.secrets?.untold : nil
        let changedNames =
            if told.isEmpty, let found {
                Set(namesReplaced(found)).union(untold ?? []).sorted()
            } else {
                Set(
                    sources.filter { memory.delivered.identities[$0.source.key] != $0.record.identity }
                        .map(\.source.name)
                ).union(editedNames).sorted()
            }
        // The first files replace nothing.
        let noted = task.notesUntold && found != nil ? changedNames : nil
        let isWritten = try writeFiles(task, keepingTarget: keepsPrevious && memory.changedFiles, untold: noted)
        state.filesGeneration = task.secrets?.currentName ?? ""
        // If a worker ended between its rename and its report, its files are in place but were never reported.
        outcome.filesChanged = isWritten || !told.isEmpty && told != state.filesGeneration
        outcome.filesReplaced = found != nil && (isWritten || untold != nil)
        for known in sources { state.identities[known.source.key] = known.record.identity }
        for (target, recipe) in recipes { state.recipes[target.label] = recipe }
        for fetched in items where fetched.item.path != nil {
            state.fileDigests[fetched.item.target.label] = set.digest(of: fetched.slot, key: memory.key)
        }
        state.statusJSON = statusJSON
        state.expiryMetrics = expiryMetrics
        state.summary = summary
        if outcome.filesReplaced { outcome.changedNames = changedNames }
        if outcome.environmentChanged || outcome.filesChanged {
            outcome.changedNames = changedNames
            if !keepsPrevious { memory.previous = memory.delivered }
            memory.changedFiles = outcome.filesChanged || keepsPrevious && memory.changedFiles
            memory.generation += 1
        }
        memory.delivered = state
        learn(into: &memory)
        return outcome
    }

    /// The names of the sources of files that did not exist before or had other content.
    private borrowing func namesReplaced(_ found: CurrentGeneration) -> [String] {
        var names: Set<String> = []
        for fetched in items {
            guard let path = fetched.item.path else { continue }
            let isSame = set.withBytes(of: fetched.slot) { bytes in (try? found.open(path)?.holds(bytes)) ?? false }
            if !isSame { names.formUnion(fetched.sources.map(\.name)) }
        }
        return names.sorted()
    }

    private borrowing func writeEnvironment(
        to file: CInt, _ task: DeliveryTask, _ plan: LaunchPlan, key: [UInt8]
    ) throws(Diagnosis) -> [UInt8] {
        let root = task.secrets?.path
        var options = EnvironmentOptions()
        options.isPristine = plan.child.pristine
        options.keepsIdentity = plan.child.keepIdentity
        options.removed = task.withheld.union(plan.inherited.map(\.target.name))
        options.argumentBytes = task.arguments.reduce(0) { $0 + $1.count + 1 } + (task.arguments.first?.count ?? 0) + 1
        options.argumentCount = task.arguments.count
        let inherited = task.inherited.span
        do throws(DeliveryError) {
            let descriptor = try duplicated(file)
            let block = try EnvironmentBlock(
                inherited: inherited, delivering: assignments(root, plan), from: set, options: options)
            try block.write(to: descriptor, inherited: inherited, from: set)
        } catch {
            throw error.diagnosis
        }
        do throws(SystemError) {
            let written = try MemoryFile.contents(of: file, limit: 64 << 20)
            return hmacSHA256(written.span, key: key.span)
        } catch {
            throw DeliveryError.system(error).diagnosis
        }
    }

    private borrowing func duplicated(_ file: CInt) throws(DeliveryError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try OwnedDescriptor(duplicating: file)
        } catch {
            throw .system(error)
        }
    }

    private borrowing func assignments(_ root: String?, _ plan: LaunchPlan) -> [EnvironmentAssignment] {
        var all = plan.child.runAs?.variables.map { EnvironmentAssignment.user($0.name, $0.value) } ?? []
        all += plan.literals.map { literal in
            EnvironmentAssignment(
                name: literal.name, value: .bytes(literal.value), origin: .inherited,
                location: literal.location.description)
        }
        for fetched in items {
            let item = fetched.item
            if case .variable(let name) = item.target {
                let object = fetched.sources.count == 1 ? fetched.sources.first : nil
                all.append(
                    EnvironmentAssignment(
                        name: name, value: .secret(fetched.slot), origin: EnvironmentAssignment.Origin(item.origin),
                        location: item.location.description, secret: object?.name, vault: object?.vault?.name))
            } else if let root, let variable = item.pathVariable {
                all.append(
                    EnvironmentAssignment(
                        name: variable, value: .text(root + "/" + item.target.name), origin: .configuration,
                        location: item.location.description))
            }
        }
        return root.map { all + [.secretsDirectory($0)] } ?? all
    }

    private borrowing func writeFiles(
        _ task: DeliveryTask, keepingTarget: Bool, untold: [String]?
    ) throws(Diagnosis) -> Bool {
        guard let secrets = task.secrets else { return false }
        let slots = items.filter { $0.item.path != nil }.map(\.slot)
        do throws(GenerationError) {
            let outcome = try secrets.write(generationFiles(), keepingTarget: keepingTarget, untold: untold) {
                index, body throws(GenerationError) in
                try set.withBytes(of: slots[index], body)
            }
            return outcome != .unchanged
        } catch {
            throw error.diagnosis
        }
    }

    /// The files of the generation, in the order of the items.
    borrowing func generationFiles() throws(GenerationError) -> [GenerationFile] {
        var files: [GenerationFile] = []
        for fetched in items {
            guard let path = fetched.item.path else { continue }
            files.append(try GenerationFile(path: path, mode: fetched.item.mode, size: fetched.slot.count))
        }
        return files
    }
}

extension EnvironmentAssignment.Origin {
    fileprivate init(_ origin: DeliveryItem.Origin) {
        self =
            switch origin {
            case .inherited: .inherited
            case .bulk: .bulk
            case .configuration: .configuration
            }
    }
}

extension FetchedSet {
    /// Stores what this worker has learned about sources and vaults for the next one.
    package borrowing func learn(into memory: inout DeliveryState) {
        memory.records = [:]
        for (source, record) in records { memory.records[source.key] = record }
        memory.missing = Set(absent.keys.map(\.url))
        memory.vaults = vaults
        memory.fallbacks = fallbacks
    }

    /// When something begins or ceases to be valid, in seconds since 1970.
    package var turningPoints: [Int64] {
        sources.flatMap { [$0.record.notBefore, $0.record.expires].compactMap(\.self) }
    }

    /// When access tokens are to be renewed, in seconds since 1970.
    package var renewals: [Int64] { sources.compactMap(\.record.renewAt) }
}
