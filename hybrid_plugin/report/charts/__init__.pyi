from .palette import PALETTE as PALETTE
