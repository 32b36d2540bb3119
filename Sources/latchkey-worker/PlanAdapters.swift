import LaunchConfiguration
import LinuxSystem
import Messages
import SecretsDirectory
import WorkerProtocol

extension SupervisorPlan {
    /// The parts of a plan that the supervisor needs.
    init(_ plan: LaunchPlan, isSidecar: Bool, format: MessageFormat) {
        self.init()
        instance = plan.instance ?? plan.defaultInstance
        commandIndex = isSidecar ? nil : plan.child.commandIndex
        once = plan.child.once
        identity = plan.child.runAs?.identity
        stopSignal = plan.child.stopSignal
        stopTimeoutMilliseconds = plan.child.stopTimeout.wholeMilliseconds
        groupSignal = plan.child.groupSignal
        ready = plan.child.ready
        readyTimeoutMilliseconds = plan.child.readyTimeout.wholeMilliseconds
        listen = isSidecar ? [] : plan.child.listen
        childNotifies = plan.notify == .child
        intervalMilliseconds = plan.refresh.interval?.wholeMilliseconds
        attemptTimeoutMilliseconds = max(plan.startTimeout.wholeMilliseconds, 60_000) + 30_000
        keepsFiles = plan.refresh.cache != .off
        logFormat = format
        logLevel = plan.log.level
        action = plan.refresh.onChange
        target = plan.signalTarget
        stopsWhenGone = plan.refresh.onGone == .stop
        startup = plan.startup.encoded
    }
}

extension LaunchPlan {
    /// Whether anything goes into files.
    var deliversFiles: Bool {
        items.contains { $0.path != nil } || selections.contains { $0.target == .files }
    }

    /// Chooses, makes and locks the directories. A run without files starts without any, with a warning.
    func takeDirectories(_ environment: EnvironmentEntries, pid: Int32, log: WorkerLog) throws(Diagnosis)
        -> DeliveryDirectories?
    {
        do throws(GenerationError) {
            let directories = try DeliveryDirectories.take(placeRequest(environment, pid: pid))
            directories.warnings.forEach { log.write(Message(.warning, $0)) }
            return directories
        } catch {
            guard !deliversFiles, delivery.directory == nil, error.isBearableWithoutFiles else {
                throw error.diagnosis
            }
            log.write(Message(.warning, error.warning))
            return nil
        }
    }

    /// The directories that a run would choose. Makes nothing.
    func lookAtPlace(_ environment: EnvironmentEntries, pid: Int32) throws(GenerationError) -> DeliveryOutlook {
        try DeliveryDirectories.look(placeRequest(environment, pid: pid))
    }

    private func placeRequest(
        _ environment: EnvironmentEntries, pid: Int32
    ) throws(GenerationError) -> DirectoriesRequest {
        let owner = try DeliveryOwner(runAs: child.runAs?.identity, sharedGroup: delivery.group)
        var request = DirectoriesRequest(
            instance: instance.map { .chosen($0) } ?? .usual(defaultInstance), pid: pid,
            owner: owner)
        request.directory = delivery.directory
        request.allowDisk = delivery.allowDisk
        request.runtimeDirectory = environment.text("RUNTIME_DIRECTORY")
        request.userRuntimeDirectory = environment.text("XDG_RUNTIME_DIR")
        return request
    }
}
