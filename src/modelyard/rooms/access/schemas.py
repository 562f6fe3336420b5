"""The words of access that other rooms use."""

from modelyard.rooms.access.rules import Visibility as Visibility
