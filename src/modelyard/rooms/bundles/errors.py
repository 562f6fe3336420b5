"""What can go wrong with bundles."""

from modelyard.kit.errors import NotFound


class PlatformMissing(NotFound):
    code = "bundle_platform_missing"
    title = "The version has no image for this platform"
