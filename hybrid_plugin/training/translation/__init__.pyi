from .named import load_translator as load_translator
from .settings import TranslationSettings as TranslationSettings
from .settings import TranslatorOptions as TranslatorOptions
from .translate import Translated as Translated
from .translate import translate as translate
from .translator import Translator as Translator
